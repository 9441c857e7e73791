import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

type ReactOptions = VerbOptions & { readonly takeBack?: boolean };

/** `weft react`: sets a reaction to a message, or takes it back. */
export function addReact(program: Command): void {
  withAccountOptions(program.command("react"))
    .description("React to a message, and wait until the reaction is delivered.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<message>", "the beginning of its id")
    .argument("<text>", "commonly one emoji")
    .option("--take-back", "take the reaction back")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft react Picnic 0x3f2a91 🥖 --as bob")
    .action((group: string, id: string, text: string, options: ReactOptions, command: Command) =>
      runVerb({ command, options, act: (given) => react({ ...given, options, group, id, text }) }),
    );
}

async function react(params: {
  account: Account;
  signal: AbortSignal;
  options: ReactOptions;
  group: string;
  id: string;
  text: string;
}): Promise<number> {
  const { account, signal, options, id, text } = params;
  const { json = false, takeBack = false } = options;
  const { client } = account;
  const { reactToMessage } = await import("../../index.ts");
  const { findMessage } = await import("../account/findMessage.ts");
  const { conversation: group } = await openGroup(params);
  const { id: message } = await findMessage({ client, group, id });
  const handle = await reactToMessage({ client, group, message, text, takeBack });
  return await tellOutcome({ handle, json, fields: { group, message }, signal });
}
