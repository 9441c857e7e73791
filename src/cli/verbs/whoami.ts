import type { Command } from "commander";
import { withAccountOptions } from "../account/accountOptions.ts";
import type { Account } from "../account/openAccount.ts";
import { print, printJson, runVerb, type VerbOptions } from "./runVerb.ts";

/** `weft whoami`: sets somebody up, or shows who it is. */
export function addWhoami(program: Command): void {
  withAccountOptions(program.command("whoami"))
    .description("Who you are: wallet, inbox, installation. The first time on a network it sets you up.")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft whoami --as alice")
    .action((options: VerbOptions, command: Command) =>
      runVerb({ command, options, act: ({ account }) => tell({ account, json: options.json === true }) }),
    );
}

async function tell(params: { account: Account; json: boolean }): Promise<number> {
  const { place, profile } = params.account;
  const { chainId, commitLog } = place.network;
  const shown = { ...profile, directory: place.directory, chainId, commitLog };
  if (params.json) {
    printJson(shown);
    return 0;
  }
  const { formatTable } = await import("../formatTable.ts");
  print(formatTable(Object.entries(shown).map(([name, value]) => [name, String(value)])));
  return 0;
}
