import type { Command } from "commander";
import { withWalletOptions } from "../account/accountOptions.ts";
import { print, printJson } from "./runVerb.ts";
import { type Given, runWalletVerb, type WalletVerbOptions } from "./runWalletVerb.ts";

/** `weft devices`: what belongs to a wallet's inbox. */
export function addDevices(program: Command): void {
  withWalletOptions(program.command("devices"))
    .description("The devices of your inbox, with dates; needs your wallet only, no device that works.")
    .option("--json", "print JSON, one device a line")
    .addHelpText(
      "after",
      `
Examples:
  $ weft devices --as alice
  $ weft devices --data ./restored --network net.json --node https://node.example   (a folder with wallet.key)`,
    )
    .action((options: WalletVerbOptions, command: Command) =>
      runWalletVerb({ command, options, act: (given) => tell({ ...given, json: options.json === true }) }),
    );
}

async function tell({ place, own, json }: Given & { json: boolean }): Promise<number> {
  const { listInstallations } = await import("../../index.ts");
  const { formatDevices } = await import("../account/formatDevices.ts");
  const list = await listInstallations(place);
  if (!json) print(formatDevices({ list, own }));
  else for (const one of list.installations) printJson({ ...one, isSelf: one.installation === own });
  return 0;
}
