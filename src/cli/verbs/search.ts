import { type Command, InvalidArgumentError } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

type SearchOptions = VerbOptions & {
  readonly in?: string;
  readonly from?: number;
  readonly to?: number;
  readonly last: number;
};

/** `weft search`: messages of this device's database. */
export function addSearch(program: Command): void {
  withAccountOptions(program.command("search"))
    .description("Messages on this device that show all these words, those that were sent last first.")
    .argument("<words...>", "of the last one the beginning is enough")
    .option("--in <group>", "name of a group, or the beginning of its id; all groups if left out")
    .option("--from <time>", "sent from this date or time on", time)
    .option("--to <time>", "sent before this date or time", time)
    .option("-n, --last <count>", "so many", count, 20)
    .option("--json", "print JSON, one message a line")
    .addHelpText("after", "\nExample:\n  $ weft search bread --from 2026-05-01 --as alice")
    .action((words: string[], options: SearchOptions, command: Command) =>
      // All that is looked through is here: no node is asked.
      runVerb({ command, options, online: false, act: ({ account }) => search({ account, words, options }) }),
    );
}

function time(value: string): number {
  const ms = Date.parse(value);
  if (ms >= 0) return ms;
  throw new InvalidArgumentError("a date or time, such as 2026-05-01 or 2026-05-01T18:30");
}

function count(value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("a whole number from 1");
}

async function search(params: {
  account: Account;
  words: readonly string[];
  options: SearchOptions;
}): Promise<number> {
  const { account, words, options } = params;
  const { client } = account;
  const { searchMessages } = await import("../../index.ts");
  const { findGroup } = await import("../account/findGroup.ts");
  const { formatFound } = await import("../account/formatFound.ts");
  const { from, to, last: limit, json = false } = options;
  const group = options.in === undefined ? {} : { group: findGroup({ client, text: options.in }).group };
  const times = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  const { found, next } = await searchMessages({ client, text: words.join(" "), limit, ...times, ...group });
  for (const message of found) {
    if (json) printJson(message);
    else print(formatFound({ message, account }));
  }
  if (found.length === 0 && !json) note("nothing found");
  if (next !== undefined && !json) note("there may be more: --to looks further back, --last shows more");
  return 0;
}
