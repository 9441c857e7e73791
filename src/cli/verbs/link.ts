import type { Command } from "commander";
import { withWalletOptions } from "../account/accountOptions.ts";
import { noteProgress, tellOutcome } from "./changeWallets.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

/** `weft link`: another wallet for an inbox. */
export function addLink(program: Command): void {
  withWalletOptions(program.command("link"))
    .description("Link another wallet to your inbox: it may add devices, and link further wallets.")
    .argument("<key-file>", "the new wallet's private key (32 bytes in hex); it has to agree")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft link second/wallet.key --as alice")
    .action((file: string, options: WalletVerbOptions, command: Command) =>
      runWalletVerb({
        ...{ command, options },
        act: (given) => link({ ...given, file, json: options.json === true }),
      }),
    );
}

async function link({ place, file, json }: Given & { file: string; json: boolean }): Promise<number> {
  const { linkWallet } = await import("../../index.ts");
  const { readWalletFile } = await import("../account/loadWallet.ts");
  const newWallet = await readWalletFile(file);
  const outcome = await linkWallet({ ...place, newWallet, onProgress: noteProgress });
  return tellOutcome({
    ...{ outcome, json },
    lineOf: ({ inbox }) => `${newWallet.address} is linked to ${inbox}`,
  });
}
