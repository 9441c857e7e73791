import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { openGroup, tellOutcome } from "./inGroup.ts";
import { runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft disappear`: after how long a group's messages disappear. */
export function addDisappear(program: Command): void {
  withAccountOptions(program.command("disappear"))
    .description("Let messages that are sent from then on disappear from all devices after a while.")
    .argument("<group>", "name, or the beginning of its id")
    .argument("<time>", "such as 30s, 5m, 1h, 7d or 2w; off: they stay")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft disappear Picnic 7d --as alice")
    .action((group: string, time: string, options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: (given) => disappear({ ...given, options, group, time }) }),
    );
}

async function disappear(params: {
  account: Account;
  signal: AbortSignal;
  options: VerbOptions;
  group: string;
  time: string;
}): Promise<number> {
  const { account, signal, options, time } = params;
  const { client } = account;
  const { setDisappearing } = await import("../../index.ts");
  const { parseSeconds } = await import("../account/disappearing.ts");
  const seconds = parseSeconds(time);
  const { group } = await openGroup(params);
  const handle = await setDisappearing({ client, group, seconds });
  return await tellOutcome({ handle, json: options.json === true, fields: { group, seconds }, signal });
}
