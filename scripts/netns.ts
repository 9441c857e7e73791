/**
 * `npm run netns -- [--faults NAMES] [--rate N] [--seconds S] [--nodes N]`: lays out a network of hosts on this machine,
 * with a node on each, and plays faults of the network and of nodes while envelopes are posted at a steady rate; says
 * how soon all is level after each, and exits with 1 if something was lost.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { runAction } from "../src/cli/runAction.ts";
import { awaitLevel } from "./netns/awaitLevel.ts";
import { type FaultName, faults } from "./netns/faults.ts";
import { judgeNodes } from "./netns/judgeNodes.ts";
import { openWorld, type World } from "./netns/openWorld.ts";
import { formatPlayed, playFault } from "./netns/playFault.ts";
import { readMemory } from "./netns/readMemory.ts";
import { startPoster } from "./netns/startPoster.ts";
import { whyNoHosts } from "./netns/whyNoHosts.ts";
import { positive, whole } from "./numberOptions.ts";

/** So long may all be apart after a fault before it counts as lost. */
const LIMIT_MS = 600_000;
const names = Object.keys(faults) as FaultName[];

type Options = {
  faults: readonly FaultName[];
  rate: number;
  seconds: number;
  nodes: number;
  keep: boolean;
};

await new Command("npm run netns --")
  .description("Plays faults on nodes with a host and a link of their own, while envelopes are posted.")
  .addOption(
    new Option("--faults <names>", `which, by comma, in this order: ${names.join(", ")}`)
      .argParser(asNames)
      .default(names, "all"),
  )
  .option("--rate <number>", "envelopes per second, of all nodes together", positive, 20)
  .option("--seconds <number>", "how long each fault lasts", positive, 5)
  .option("--nodes <number>", "how many", whole, 4)
  .option("--keep", "keeps the nodes' logs, and says where", false)
  .addHelpText(
    "after",
    `
Needs Linux, iproute2 and the rights of an administrator.

Examples:
  $ npm run netns
  $ npm run netns -- --faults partition --rate 500 --seconds 60`,
  )
  .action((options: Options, command: Command) =>
    runAction({ command, act: (signal) => play({ ...options, signal }) }),
  )
  .parseAsync();

async function play(params: Options & { signal: AbortSignal }): Promise<number> {
  const reason = await whyNoHosts();
  if (reason !== undefined) {
    say(reason);
    return 1;
  }
  const directory = await mkdtemp(join(tmpdir(), "weft-netns-"));
  try {
    await using world = await openWorld({ ...params, directory });
    say(`${world.seats.length} nodes run`);
    const found = await playAll({ ...params, world });
    for (const what of found) say(what);
    return found.length > 0 ? 1 : 0;
  } finally {
    if (params.keep) say(`the nodes' logs are in ${directory}`);
    else await rm(directory, { recursive: true, force: true });
  }
}

/** What does not hold at the end, in words. */
async function playAll(params: Options & { world: World; signal: AbortSignal }): Promise<string[]> {
  const { world, rate, seconds, signal } = params;
  await using poster = startPoster({ world, perSecond: rate });
  const before = await Promise.all(world.seats.map(readMemory));
  for (const name of params.faults) {
    signal.throwIfAborted();
    say(formatPlayed(await playFault({ name, world, poster, seconds, limitMs: LIMIT_MS })));
  }
  await poster.rest();
  await awaitLevel({ ...world, wanted: [...poster.acknowledged.keys()], limitMs: LIMIT_MS });
  say(`${poster.acknowledged.size} of ${poster.posted.size} envelopes were acknowledged`);
  const now = await Promise.all(world.seats.map(readMemory));
  const grown = now.map((bytes, index) => `× ${(bytes / (before[index] ?? bytes)).toFixed(2)}`);
  say(`memory of the nodes since the beginning: ${grown.join(", ")}`);
  return await judgeNodes({ world, poster });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function asNames(text: string): readonly FaultName[] {
  return text.split(",").map((word) => {
    const name = names.find((one) => one === word);
    if (name === undefined) throw new InvalidArgumentError(`"${word}" is none of ${names.join(", ")}.`);
    return name;
  });
}
