import { MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";

/**
 * Says what is wrong with this node's clock; undefined: nothing that anybody could tell. The clock is wrong if it is
 * off the chain's time by more than MAX_CLOCK_SKEW_MS, and at least as many peers' clocks agree with the chain as with
 * it. If more agree with the clock, the chain is off; without a peer that agrees with the chain, nothing is said. Pure.
 */
export function judgeClock(params: {
  wallMs: number;
  chainMs: number;
  peersMs: readonly number[];
}): string | undefined {
  const { wallMs, chainMs, peersMs } = params;
  const offMs = wallMs - chainMs;
  if (Math.abs(offMs) <= MAX_CLOCK_SKEW_MS) return undefined;
  const countNear = (timeMs: number) =>
    peersMs.filter((peerMs) => Math.abs(peerMs - timeMs) <= MAX_CLOCK_SKEW_MS).length;
  const withChain = countNear(chainMs);
  if (withChain === 0 || withChain < countNear(wallMs)) return undefined;
  const direction = offMs > 0 ? "ahead of" : "behind";
  return `its clock is ${Math.round(Math.abs(offMs) / 1000)} s ${direction} the chain's time and its peers' clocks`;
}
