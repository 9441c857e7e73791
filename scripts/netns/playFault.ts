import { awaitHeads, type Leveled } from "./awaitHeads.ts";
import { type FaultName, faults } from "./faults.ts";
import type { World } from "./openWorld.ts";
import type { Poster } from "./startPoster.ts";

/** So soon after a fault's end every node has to hold what any of them held then. */
export const LEVEL_LIMIT_MS = 60_000;

export type Played = {
  readonly name: FaultName;
  /** From its begin to its end. */
  readonly faultSeconds: number;
  /** Envelopes that were acknowledged meanwhile. */
  readonly acknowledged: number;
  /** What nodes lacked at its end of what any node held then, and when they had it. */
  readonly leveled: Leveled;
};

/** Plays a fault and waits until all is level. Throws which node lacks how many when the limit is over. */
export async function playFault(params: {
  name: FaultName;
  world: World;
  poster: Poster;
  seconds: number;
  limitMs?: number;
}): Promise<Played> {
  const { name, world, poster, seconds, limitMs = LEVEL_LIMIT_MS } = params;
  const before = poster.acknowledged.size;
  const startMs = performance.now();
  await faults[name]({ world, poster, seconds });
  const faultSeconds = (performance.now() - startMs) / 1_000;
  const acknowledged = poster.acknowledged.size - before;
  return { name, faultSeconds, acknowledged, leveled: await awaitHeads({ ...world, limitMs }) };
}

/** One line. */
export function formatPlayed({ name, faultSeconds, acknowledged, leveled }: Played): string {
  const { lacked, seconds } = leveled;
  const rate = (acknowledged / faultSeconds).toFixed(0);
  const during = `${acknowledged} envelopes acknowledged in ${faultSeconds.toFixed(1)} s (${rate} a second)`;
  return `${name}: ${during}, ${lacked} lacking at its end, all there ${seconds.toFixed(2)} s after it`;
}
