import type { Command } from "commander";
import type { Consent } from "../../index.ts";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { note, print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft allow`: a request becomes one of one's conversations. */
export function addAllow(program: Command): void {
  withAccountOptions(program.command("allow"))
    .description(
      "Allow a group that you were taken into, or all that somebody takes you into; ends a block, too.",
    )
    .argument("<what>", "a group or a person: name, or the beginning of the id")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft allow Picnic --as bob")
    .action((what: string, options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => decide({ ...given, options, what, consent: "allowed" }) }),
    );
}

/** `weft block`: what somebody says, or what is said in a group, is shown no more. */
export function addBlock(program: Command): void {
  withAccountOptions(program.command("block"))
    .description("Hear no more of a group, or of a person: they are not told.")
    .argument("<what>", "a group or a person: name, or the beginning of the id")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft block mallory --as bob")
    .action((what: string, options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => decide({ ...given, options, what, consent: "blocked" }) }),
    );
}

async function decide(params: {
  account: Account;
  signal: AbortSignal;
  options: VerbOptions;
  what: string;
  consent: Consent;
}): Promise<number> {
  const { account, signal, options, what: text, consent } = params;
  const { setConsent } = await import("../../index.ts");
  const { catchUpOrTell } = await import("../account/catchUpOrTell.ts");
  const { findSubject } = await import("../account/findSubject.ts");
  const { plainLine } = await import("../account/formatItem.ts");
  await catchUpOrTell({ account, signal, tell: note });
  const { name, ...about } = findSubject({ account, text });
  await setConsent({ client: account.client, consent, ...about });
  if (options.json) printJson({ ...about, consent });
  else print(`${plainLine(name)} is ${consent}`);
  return 0;
}
