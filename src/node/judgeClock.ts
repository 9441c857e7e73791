import { MAX_CLOCK_SKEW_MS } from "../wire/limits.ts";

/**
 * What is wrong with this node's clock; undefined: nothing that anybody could tell. It is wrong where it is off the
 * chain's time by more than `MAX_CLOCK_SKEW_MS` and at least as many of its peers' clocks go with the chain as with it.
 * Where they go with it, it is the chain that is off, and where there are no peers, nobody says which. Pure.
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
