import { setTimeout as delay } from "node:timers/promises";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import type { Seat } from "./openWorld.ts";

const POLL_MS = 50;

/** What a node lacks of these. */
export function lacking(params: { seat: Seat; wanted: Iterable<EnvelopeHash> }): EnvelopeHash[] {
  const { seat, wanted } = params;
  return [...wanted].filter((hash) => !seat.ear.copies.has(hash));
}

/** Waits until these nodes have all of these, and gives the seconds that it took. Throws who lacks how many. */
export async function awaitLevel(params: {
  seats: readonly Seat[];
  wanted: Iterable<EnvelopeHash>;
  limitMs: number;
  signal: AbortSignal;
}): Promise<number> {
  const { seats, limitMs, signal } = params;
  const startMs = performance.now();
  // What a node has, it keeps having here.
  let left = seats.map((seat) => ({ seat, hashes: [...params.wanted] }));
  for (;;) {
    left = left
      .map(({ seat, hashes }) => ({ seat, hashes: lacking({ seat, wanted: hashes }) }))
      .filter(({ hashes }) => hashes.length > 0);
    const passedMs = performance.now() - startMs;
    if (left.length === 0) return passedMs / 1_000;
    if (passedMs > limitMs) {
      const lacks = left.map(({ seat, hashes }) => `${seat.host.name} lacks ${hashes.length}`);
      throw new Error(`after ${Math.round(passedMs / 1_000)} s ${lacks.join(", ")}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
