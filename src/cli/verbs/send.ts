import { text as readText } from "node:stream/consumers";
import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

type SendOptions = VerbOptions & { readonly replyTo?: string };

/** `weft send`: says something to a group. */
export function addSend(program: Command): void {
  withAccountOptions(program.command("send"))
    .description("Say something to a group and wait until it is delivered: two nodes have it on disk.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<text...>", "what to say; - reads it from standard input")
    .option("--reply-to <message>", "the beginning of the id of the message that this answers")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft send Picnic "who brings the bread?" --as alice
  $ uptime | weft send Machines - --as bot`,
    )
    .action((group: string, words: string[], options: SendOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => send({ ...given, group, words, options }),
      }),
    );
}

async function send(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  words: readonly string[];
  options: SendOptions;
}): Promise<number> {
  const { account, signal, words, options } = params;
  const { json = false, replyTo } = options;
  const { client } = account;
  const { sendMessage } = await import("../../index.ts");
  const isPiped = words.length === 1 && words[0] === "-";
  const text = isPiped ? (await readText(process.stdin)).trimEnd() : words.join(" ");
  const { conversation: group } = await openGroup(params);
  const { findMessage } = await import("../account/findMessage.ts");
  const answered = replyTo === undefined ? undefined : await findMessage({ client, group, id: replyTo });
  const handle = await sendMessage({ client, group, text, ...(answered ? { replyTo: answered.id } : {}) });
  return await tellOutcome({ handle, json, fields: { group, message: handle.messageId }, signal });
}
