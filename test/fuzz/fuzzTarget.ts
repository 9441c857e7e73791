import { setImmediate } from "node:timers/promises";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import { isWeftError } from "../../src/errors.ts";
import { toHex } from "../../src/wire/ids.ts";
import { createRandom } from "../search/random.ts";
import { mutate } from "./mutate.ts";
import type { Target } from "./target.ts";

export type Fuzzed = {
  readonly name: string;
  readonly inputs: number;
  /** How many of them were read. */
  readonly read: number;
  /** How many were refused, by the error's code. */
  readonly refused: ReadonlyMap<string, number>;
  readonly slowestMs: number;
};

/** Of the form alone: a true sample may still name what a reader does not know. */
const formCodes: ReadonlySet<string> = new Set(["malformed", "too-large"]);
const INPUTS_PER_TURN = 64;
/** One input for which this thread works so long holds up everybody. */
const HANG_MS = 2_000;
/** One that ends only after so long waits for something that does not come. */
const STANDSTILL_MS = 60_000;

/**
 * Feeds a reader as many inputs as told, which follow from the seed. Throws, with the input in hexadecimal, if one
 * ends in anything but a WeftError, or takes as much work as a hang; also if the form of a true sample is refused.
 */
export async function fuzzTarget(params: { target: Target; inputs: number; seed: number }): Promise<Fuzzed> {
  const { target, inputs, seed } = params;
  const random = createRandom(seed);
  for (const sample of target.samples) {
    const code = await codeOf(target, sample);
    if (code !== undefined && formCodes.has(code))
      throw new Error(`${target.name}: a true sample is refused as ${code}: ${toHex(sample)}`);
  }
  const refused = new Map<string, number>();
  let read = 0;
  let slowestMs = 0;
  for (let i = 0; i < inputs; i++) {
    // As long as one microtask follows another, all that a WeakRef points to stays: abort signals, for one.
    if (i % INPUTS_PER_TURN === 0) await setImmediate();
    const input = mutate({ random, samples: target.samples });
    const [sinceMs, before] = [steadyMs(), process.threadCpuUsage()];
    const code = await codeOf(target, input);
    // A busy machine may take its time; what counts is the work.
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > HANG_MS || steadyMs() - sinceMs > STANDSTILL_MS)
      throw new Error(`${target.name} took ${tookMs} ms: ${toHex(input)}`);
    if (code === undefined) read++;
    else refused.set(code, (refused.get(code) ?? 0) + 1);
  }
  return { name: target.name, inputs, read, refused, slowestMs };
}

/** Undefined: it was read. */
async function codeOf({ name, read }: Target, input: Uint8Array): Promise<string | undefined> {
  try {
    await read(input);
    return undefined;
  } catch (error) {
    if (isWeftError(error) && error.code !== "internal") return error.code;
    throw new Error(`${name} broke on ${toHex(input)}`, { cause: error });
  }
}
