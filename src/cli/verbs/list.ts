import { type Command, InvalidArgumentError } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openConversation } from "./inGroup.ts";
import { print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft list`: a group's timeline. */
export function addList(program: Command): void {
  withAccountOptions(program.command("list"))
    .description("What was said in a group, in the order that all members share.")
    .argument("<group>", "name, or the beginning of its id")
    .option("-n, --last <count>", "only the last so many", count)
    .option("--json", "print JSON, one item a line")
    .addHelpText(
      "after",
      `
Examples:
  $ weft list Picnic --as alice
  $ weft list Picnic --as alice --json | jq -r 'select(.kind == "message") | .text'`,
    )
    .action((group: string, options: VerbOptions & { last?: number }, command: Command) =>
      runVerb({ command, options, act: (given) => list({ ...given, ...options, group }) }),
    );
}

function count(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("a whole number from 1");
}

async function list(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  last?: number;
  json?: boolean;
}): Promise<number> {
  const { account, last, json = false } = params;
  const { client, names } = account;
  const { listMessages } = await import("../../index.ts");
  const { formatListed } = await import("../account/formatListed.ts");
  const { group } = await openConversation(params);
  const page = last === undefined ? {} : ({ limit: last, from: "end" } as const);
  const items = await listMessages({ client, group, ...page });
  const texts = new Map(items.flatMap((item) => (item.kind === "message" ? [[item.id, item.text]] : [])));
  for (const item of items) {
    const answers = item.kind === "message" && item.replyTo ? texts.get(item.replyTo) : undefined;
    if (json) printJson(item);
    else print(formatListed({ item, names, self: client.inbox, answers }));
  }
  return 0;
}
