import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { tellOutcome } from "./inGroup.ts";
import { note, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft direct`: talks to one person. */
export function addDirect(program: Command): void {
  withAccountOptions(program.command("direct"))
    .description(
      "Say something to one person directly and wait until it is delivered. Afterwards the conversation goes by the person's name.",
    )
    .argument("<person>", "name, wallet address or inbox id")
    .argument("<text...>", "what to say")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft direct bob "are you there?" --as alice
  $ weft list bob --as alice`,
    )
    .action((person: string, words: string[], options: VerbOptions, command: Command) =>
      runVerb({
        command,
        options,
        act: (given) => talk({ ...given, person, words, json: options.json === true }),
      }),
    );
}

async function talk(params: {
  account: Account;
  signal: AbortSignal;
  person: string;
  words: readonly string[];
  json: boolean;
}): Promise<number> {
  const { account, signal, person, words, json } = params;
  const { client, names, place } = account;
  const { openDirect, sendMessage } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { useNode } = await import("../account/useNode.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const { conversation, group } = await openDirect({ client, with: names.find(person, []), signal });
  if (place.preferred !== undefined) await useNode({ client, group, url: place.preferred });
  const handle = await sendMessage({ client, group: conversation, text: words.join(" ") });
  return await tellOutcome({ handle, json, fields: { conversation, message: handle.messageId }, signal });
}
