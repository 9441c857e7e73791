import type { Command } from "commander";
import { chainOption, dataOption, nodesOption } from "./options.ts";
import { runAction } from "./runAction.ts";

type Options = { nodes: number; chain: "anvil" | "hardhat"; data?: string; json?: boolean };

/** `weft scenario FILE`: a devnet, a play, a verdict. */
export function addScenario(program: Command): void {
  program
    .command("scenario")
    .description("Play a scenario file on a devnet of its own; exit code 0 if everything held, else 1.")
    .argument("<file>", "one step a line, see docs/scenarios.md")
    .addOption(nodesOption())
    .addOption(chainOption())
    .option("--json", "print JSON lines only, the summary last")
    .addOption(dataOption())
    .addHelpText(
      "after",
      `
Examples:
  $ weft scenario scripts/scenarios/races.jsonl
  $ weft scenario play.jsonl --nodes 5 --json | tail -1`,
    )
    .action((file: string, options: Options, command: Command) =>
      runAction({ command, act: (signal) => runScenario({ ...options, file, signal }) }),
    );
}

async function runScenario(params: Options & { file: string; signal: AbortSignal }): Promise<number> {
  const { file, nodes, chain, json = false, signal } = params;
  const { readScenarioFile } = await import("./readScenarioFile.ts");
  const { startDevnet } = await import("../devnet/startDevnet.ts");
  const { openRunDirectory } = await import("../devnet/openRunDirectory.ts");
  const { playAndPrint } = await import("./playAndPrint.ts");
  const { describeProgress } = await import("./formatDevnet.ts");

  const scenario = await readScenarioFile({ path: file, nodes });
  const directory = await openRunDirectory({ chosen: params.data });
  const started = performance.now();
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  await using devnet = await startDevnet({
    directory,
    nodes,
    chain,
    signal,
    ...(json
      ? {}
      : {
          onProgress: (progress) =>
            print(describeProgress({ progress, sinceMs: performance.now() - started })),
        }),
  });
  const ok = await playAndPrint({ scenario, devnet, json, signal });
  if (!ok && !json) print(`Logs and databases of this run are in ${directory}`);
  return ok ? 0 : 1;
}
