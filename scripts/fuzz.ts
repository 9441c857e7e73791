/**
 * `npm run fuzz -- [--inputs N] [--seed S] [--only TEXT] [--first N]`: feeds everything that reads bytes from the network or the
 * chain random ones and changed true ones. Prints a row for each; what breaks, hangs or grows ends it with code 1.
 */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Command } from "commander";
import pc from "picocolors";
import { steadyMs } from "../src/clock/steadyMs.ts";
import { fuzzTarget } from "../test/fuzz/fuzzTarget.ts";
import { openTargets } from "../test/fuzz/openTargets.ts";
import type { Target } from "../test/fuzz/target.ts";
import { positive, whole } from "./numberOptions.ts";

type Options = { inputs: number; seed: number; only: string; first: number };

const MEGABYTE = 1024 * 1024;
/** What may be left of a reader's inputs once they are collected: caches of its own, which are bounded. */
const MAX_GROWTH_BYTES = 32 * MEGABYTE;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

await new Command("npm run fuzz --")
  .description("Feeds every reader of foreign bytes inputs that it should refuse.")
  .option("--inputs <number>", "for each reader", positive, 100_000)
  .option("--seed <number>", "what the inputs follow from", whole, Date.now() % 2 ** 31)
  .option("--only <text>", "readers whose names contain it", "")
  .option("--first <number>", "the reader to begin with, to go on with a run", positive, 1)
  .action(async (options: Options) => {
    process.exitCode = await fuzz(options);
  })
  .parseAsync();

async function fuzz({ inputs, seed, only, first }: Options): Promise<number> {
  say(`a conversation is recorded; then ${inputs} inputs for each reader, from seed ${seed}`);
  await using opened = await openTargets();
  const targets = opened.targets.filter(({ name }) => name.includes(only));
  const width = Math.max(...targets.map(({ name }) => name.length));
  for (const [i, target] of targets.entries()) {
    if (i + 1 < first) continue;
    const row = await measure({ target, inputs, seed }).catch((error: Error) => error);
    if (row instanceof Error) {
      say(pc.red(`${row.message}\n${String(row.cause ?? "")}`));
      say(`again: npm run fuzz -- --inputs ${inputs} --seed ${seed} --only "${target.name}"`);
      return 1;
    }
    say(`${String(i + 1).padStart(3)}/${targets.length}  ${target.name.padEnd(width)}  ${row}`);
  }
  say(pc.green(`${Math.max(0, targets.length - first + 1)} readers held`));
  return 0;
}

async function measure(params: { target: Target; inputs: number; seed: number }): Promise<string> {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const sinceMs = steadyMs();
  const { read, refused, slowestMs } = await fuzzTarget(params);
  const seconds = (steadyMs() - sinceMs) / 1_000;
  await setImmediate();
  collectGarbage();
  const grown = process.memoryUsage().heapUsed - before;
  if (grown > MAX_GROWTH_BYTES) throw new Error(`${params.target.name} has kept ${inMegabytes(grown)}`);
  const codes = [...refused].map(([code, count]) => `${count} ${code}`).join(", ");
  return `${read} read, ${codes || "none refused"}; slowest ${slowestMs.toFixed(0)} ms of ${seconds.toFixed(1)} s, kept ${inMegabytes(grown)}`;
}

function inMegabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
