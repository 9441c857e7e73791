import type { Command } from "commander";
import type { Hex } from "../../index.ts";
import { withWalletOptions } from "../account/accountOptions.ts";
import { noteProgress, tellOutcome } from "./changeWallets.ts";
import { print, printJson } from "./runVerb.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

/** `weft veto`: drops the proposal of a recovery wallet. */
export function addVeto(program: Command): void {
  withWalletOptions(program.command("veto"))
    .description("Drop the proposal of a recovery wallet, by the one that it would replace.")
    .argument("[wallet]", "the proposed one's address (default: whichever `weft wallets` shows)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Whoever proposed it may do so again: \`weft unlink\` that wallet, too.

Examples:
  $ weft veto --as alice
  $ weft veto 0x5aAe… --wallet paper.key --as alice`,
    )
    .action((wallet: string | undefined, options: WalletVerbOptions, command: Command) =>
      runWalletVerb({
        ...{ command, options },
        act: (given) => veto({ ...given, named: wallet, json: options.json === true }),
      }),
    );
}

async function veto(params: Given & { named: string | undefined; json: boolean }): Promise<number> {
  const { place, named, json } = params;
  const { listInstallations, vetoRecovery, walletReasons } = await import("../../index.ts");
  const recovery = (named ?? (await listInstallations(place)).nextRecovery?.wallet) as Hex | undefined;
  if (recovery === undefined) {
    const hint = walletReasons["nothing-pending"];
    if (json) printJson({ kind: "refused", reason: "nothing-pending", hint });
    else print(`refused (nothing-pending): ${hint}`);
    return 1;
  }
  const outcome = await vetoRecovery({ ...place, recovery, onProgress: noteProgress });
  return tellOutcome({
    ...{ outcome, json },
    lineOf: ({ inbox }) => `${recovery} will not be the recovery wallet of ${inbox}`,
  });
}
