import type { Command } from "commander";
import type { Scenario } from "../scenario/readScenario.ts";
import { chainOption, dataOption, nodesOption, shardsOption } from "./options.ts";
import { runAction, untilStopped } from "./runAction.ts";

type Options = {
  nodes: number;
  chain: "anvil" | "hardhat";
  shards?: number;
  data?: string;
  scenario?: string;
};

/** `weft devnet`: a whole network on this machine. */
export function addDevnet(program: Command): void {
  program
    .command("devnet")
    .description("Start a local L3 with the contracts and independent nodes, until Ctrl-C.")
    .addOption(nodesOption())
    .addOption(chainOption())
    .addOption(shardsOption())
    .option("--scenario <file>", "play a scenario file first")
    .addOption(dataOption())
    .addHelpText(
      "after",
      `
Examples:
  $ weft devnet
  $ weft devnet --nodes 5 --chain hardhat
  $ weft devnet --scenario scripts/scenarios/first-chat.jsonl`,
    )
    .action((options: Options, command: Command) =>
      runAction({ command, act: (signal) => runDevnet({ ...options, signal }) }),
    );
}

async function runDevnet(params: Options & { signal: AbortSignal }): Promise<number> {
  const { nodes, chain, shards, scenario, signal } = params;
  const { startDevnet } = await import("../devnet/startDevnet.ts");
  const { openRunDirectory } = await import("../devnet/openRunDirectory.ts");
  const { announceDevnet } = await import("../devnet/announceDevnet.ts");
  const { describeProgress, formatDevnet } = await import("./formatDevnet.ts");

  const play = scenario === undefined ? undefined : await readFile({ path: scenario, nodes });
  const directory = await openRunDirectory({ chosen: params.data });
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const started = performance.now();
  await using devnet = await startDevnet({
    directory,
    nodes,
    chain,
    ...(shards === undefined ? {} : { shards }),
    signal,
    onProgress: (progress) => print(describeProgress({ progress, sinceMs: performance.now() - started })),
  });
  const nodeUrls = devnet.nodes.map(({ addresses }) => addresses.url);
  await using _ = await announceDevnet({ directory: ".weft", devnet: { ...devnet, nodes: nodeUrls } });
  print(`\n${formatDevnet(devnet)}\n`);
  let ok = true;
  if (play !== undefined) {
    const { playAndPrint } = await import("./playAndPrint.ts");
    ok = await playAndPrint({ scenario: play, devnet, json: false, signal });
  }
  print("\nTo talk, in another terminal: npm run -s weft -- chat --as alice");
  print("The devnet stays up until Ctrl-C.");
  await untilStopped(signal);
  print("\nStopping …");
  return ok ? 0 : 1;
}

/** Nobody waits for the runner's modules who plays nothing. */
async function readFile(params: { path: string; nodes: number }): Promise<Scenario> {
  const { readScenarioFile } = await import("./readScenarioFile.ts");
  return await readScenarioFile(params);
}
