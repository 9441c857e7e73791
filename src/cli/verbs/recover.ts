import type { Command } from "commander";
import type { Hex } from "../../index.ts";
import { withWalletOptions } from "../account/accountOptions.ts";
import { formatTime } from "../account/formatWallets.ts";
import { noteProgress, tellOutcome } from "./changeWallets.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

/** `weft recover`: proposes a recovery wallet. */
export function addRecover(program: Command): void {
  withWalletOptions(program.command("recover"))
    .description("Propose a recovery wallet for your inbox; the present one may veto it for some days.")
    .argument("<wallet>", "its address; a linked one, or one that is kept safe elsewhere")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Once it is in force, it may unlink a wallet that was lost, and revoke what that added.

Examples:
  $ weft recover 0x5aAe… --as alice
  $ weft unlink 0xfB69… --as alice        (days later)`,
    )
    .action((wallet: string, options: WalletVerbOptions, command: Command) =>
      runWalletVerb({
        ...{ command, options },
        act: (given) => propose({ ...given, recovery: wallet as Hex, json: options.json === true }),
      }),
    );
}

async function propose(params: Given & { recovery: Hex; json: boolean }): Promise<number> {
  const { place, recovery, json } = params;
  const { proposeRecovery } = await import("../../index.ts");
  const outcome = await proposeRecovery({ ...place, recovery, onProgress: noteProgress });
  return tellOutcome({
    ...{ outcome, json },
    lineOf: ({ inbox, changesAt }) =>
      changesAt === undefined
        ? `${recovery} is the recovery wallet of ${inbox}`
        : `${recovery} will be the recovery wallet of ${inbox} from ${formatTime(changesAt)} on`,
  });
}
