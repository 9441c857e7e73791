import type { Command } from "commander";
import { WeftError } from "../../errors.ts";
import { readNodeSettings } from "../../node/settings/readNodeSettings.ts";
import { runAction } from "../runAction.ts";
import { settingOption } from "./settingOption.ts";

type Given = { network?: string; data?: string; rpc?: string; yes?: boolean };

/** `weft node leave` */
export function addLeave(node: Command): void {
  chainVerb(node, "leave")
    .description(
      "Take a node out of the network, for good; its bond can be withdrawn after the registry's delay.",
    )
    .option("--yes", "it is meant: nothing brings this node back")
    .addHelpText("after", example("leave --yes"))
    .action((given: Given, command: Command) =>
      runAction({ command, act: (signal) => retire({ given, act: "leave", signal }) }),
    );
}

/** `weft node withdraw` */
export function addWithdraw(node: Command): void {
  chainVerb(node, "withdraw")
    .description("Get back the bond of a node that has left.")
    .addHelpText("after", example("withdraw"))
    .action((given: Given, command: Command) =>
      runAction({ command, act: (signal) => retire({ given, act: "withdraw", signal }) }),
    );
}

function chainVerb(node: Command, name: string): Command {
  return node
    .command(name)
    .addOption(settingOption("networkFile", "--network <file>"))
    .addOption(settingOption("dataDir", "--data <dir>"))
    .addOption(settingOption("rpcUrl", "--rpc <url,…>"));
}

function example(words: string): string {
  return `\nExample:\n  $ weft node ${words} --network deployments/42.json --data ./node --rpc https://one.example`;
}

async function retire(params: {
  given: Given;
  act: "leave" | "withdraw";
  signal: AbortSignal;
}): Promise<number> {
  const { given, act, signal } = params;
  if (act === "leave" && given.yes !== true) {
    const message = "leaving is final: this node can never come back, only another one with new keys";
    throw new WeftError({ code: "bad-config", message, hint: "Say it again with --yes." });
  }
  const { retireNode } = await import("../../node/operating/retireNode.ts");
  const chosen = { networkFile: given.network, dataDir: given.data, rpcUrl: given.rpc };
  const settings = readNodeSettings({ chosen });
  const { node, operator } = await retireNode({ settings, act, signal });
  const done =
    act === "leave"
      ? `${node} is leaving. Withdraw its bond once the registry's delay is over.`
      : `The bond of ${node} is with ${operator} again.`;
  process.stdout.write(`${done}\n`);
  return 0;
}
