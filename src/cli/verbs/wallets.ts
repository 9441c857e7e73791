import type { Command } from "commander";
import { withWalletOptions } from "../account/accountOptions.ts";
import { print, printJson } from "./runVerb.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

/** `weft wallets`: who may act for an inbox. */
export function addWallets(program: Command): void {
  withWalletOptions(program.command("wallets"))
    .description("The wallets of your inbox, its recovery wallet, and the one that was proposed.")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  $ weft wallets --as alice
  $ weft wallets --wallet paper.key --inbox 0x1f2e…   (by a recovery wallet that is in no inbox)`,
    )
    .action((options: WalletVerbOptions, command: Command) =>
      runWalletVerb({ command, options, act: (given) => tell({ ...given, json: options.json === true }) }),
    );
}

async function tell({ place, json }: Given & { json: boolean }): Promise<number> {
  const { listInstallations } = await import("../../index.ts");
  const { formatWallets } = await import("../account/formatWallets.ts");
  const { installations: _, ...list } = await listInstallations(place);
  if (json) printJson(list);
  else print(formatWallets({ list, own: place.wallet.address }));
  return 0;
}
