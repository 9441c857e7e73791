import { openChainClock } from "../clock/chainClock.ts";
import { wallMs } from "../clock/wallMs.ts";
import type { BlockRef } from "../wire/blockRef.ts";
import { waitUntil } from "./waitUntil.ts";

/** The network's time, as far as this node can tell. Mutable. */
export type NodeTime = {
  /** Takes in the newest block that the node knows of. */
  readonly hear: (block: BlockRef) => void;
  /** What peers' clocks show, once the mesh is open. */
  peerClocks: () => readonly number[];
  /**
   * The time for what the node signs, stores and refuses: the chain's, milliseconds since 1970. While the chain has not
   * moved since the node began, it is the middle of the node's and its peers' clocks, but not before the newest block.
   */
  readonly networkMs: () => number;
  /**
   * The latest time that it may be, by the chain or by the clocks, milliseconds since 1970: nothing is put off because
   * one of the two is slow.
   */
  readonly latestMs: () => number;
  /** The chain's time, if the chain moves, and whether that time is fresh (see `ChainClock`). */
  readonly chain: () => { readonly timeMs: number; readonly isFresh: boolean } | undefined;
  /** Resolves once the chain has moved, after `ms`, or when the signal aborts. */
  readonly whenSet: (params: { ms: number; signal: AbortSignal }) => Promise<void>;
};

const POLL_MS = 50;

export function openNodeTime(): NodeTime {
  const clock = openChainClock();
  const clocksMs = (): number => middleOf([wallMs(), ...time.peerClocks()]);
  const networkMs = (): number => {
    const chainMs = clock.nowMs() ?? 0;
    return clock.isSet() ? chainMs : Math.max(chainMs, clocksMs());
  };
  const time: NodeTime = {
    hear: clock.hear,
    peerClocks: () => [],
    networkMs,
    latestMs: () => Math.max(networkMs(), clocksMs()),
    chain: () => {
      const timeMs = clock.nowMs();
      return timeMs === undefined || !clock.isSet() ? undefined : { timeMs, isFresh: clock.isFresh() };
    },
    whenSet: ({ ms, signal }) => waitUntil({ condition: clock.isSet, pollMs: POLL_MS, ms, signal }),
  };
  return time;
}

/** Gives the middle one, the lower of two: what is signed too early counts, what is signed too late waits. */
function middleOf(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}
