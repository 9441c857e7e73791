import { text as readText } from "node:stream/consumers";
import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft send`: says something to a group. */
export function addSend(program: Command): void {
  withAccountOptions(program.command("send"))
    .description("Say something to a group and wait until it is delivered: two nodes have it on disk.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<text...>", "what to say; - reads it from standard input")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft send Picnic "who brings the bread?" --as alice
  $ uptime | weft send Machines - --as bot`,
    )
    .action((group: string, words: string[], options: VerbOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => send({ ...given, group, words, json: options.json === true }),
      }),
    );
}

async function send(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  words: readonly string[];
  json: boolean;
}): Promise<number> {
  const { account, signal, words, json } = params;
  const { client } = account;
  const { sendMessage } = await import("../../index.ts");
  const isPiped = words.length === 1 && words[0] === "-";
  const text = isPiped ? (await readText(process.stdin)).trimEnd() : words.join(" ");
  const { group } = await openGroup(params);
  const handle = await sendMessage({ client, group, text });
  return await tellOutcome({ handle, json, fields: { group, message: handle.messageId }, signal });
}
