import type { Command } from "commander";
import type { Hex } from "../../index.ts";
import { withWalletOptions } from "../account/accountOptions.ts";
import { noteProgress, tellOutcome } from "./changeWallets.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

type Options = WalletVerbOptions & { readonly evenLast?: boolean };

/** `weft unlink`: ends a wallet's part in an inbox. */
export function addUnlink(program: Command): void {
  withWalletOptions(program.command("unlink"))
    .description("Unlink a wallet from your inbox, by itself or by the recovery wallet.")
    .argument("<wallet>", "its address, as `weft wallets` shows it")
    .option("--even-last", "also if it is the last: the inbox can have none again")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Devices that it added stay: \`weft revoke\` ends them.

Example:
  $ weft unlink 0x5aAe… --as alice`,
    )
    .action((wallet: string, options: Options, command: Command) =>
      runWalletVerb({
        command,
        options,
        act: (given) => unlink({ ...given, ...options, oldWallet: wallet }),
      }),
    );
}

async function unlink(params: Given & Options & { oldWallet: string }): Promise<number> {
  const { place, json = false, evenLast = false } = params;
  const { unlinkWallet } = await import("../../index.ts");
  const oldWallet = params.oldWallet as Hex;
  const outcome = await unlinkWallet({ ...place, oldWallet, evenLast, onProgress: noteProgress });
  return tellOutcome({ outcome, json, lineOf: ({ inbox }) => `${oldWallet} is unlinked from ${inbox}` });
}
