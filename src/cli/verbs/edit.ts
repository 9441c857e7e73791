import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft edit`: lets an own message say something else. */
export function addEdit(program: Command): void {
  withAccountOptions(program.command("edit"))
    .description("Let a message of yours say something else, and wait until the edit is delivered.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<message>", "the beginning of its id")
    .argument("<text...>", "what it says from now on")
    .option("--json", "print JSON")
    .addHelpText("after", '\nExample:\n  $ weft edit Picnic 0x3f2a91 "who brings the bread?" --as alice')
    .action((group: string, id: string, words: string[], options: VerbOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => edit({ ...given, group, id, text: words.join(" "), json: options.json === true }),
      }),
    );
}

async function edit(params: {
  account: Account;
  signal: AbortSignal;
  group: string;
  id: string;
  text: string;
  json: boolean;
}): Promise<number> {
  const { account, signal, id, text, json } = params;
  const { client } = account;
  const { editMessage } = await import("../../index.ts");
  const { findMessage } = await import("../account/findMessage.ts");
  const { conversation: group } = await openGroup(params);
  const { id: message } = await findMessage({ client, group, id });
  const handle = await editMessage({ client, group, message, text });
  return await tellOutcome({ handle, json, fields: { group, message, edit: handle.messageId }, signal });
}
