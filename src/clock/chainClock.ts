import { steadyMs } from "./steadyMs.ts";
import { wallMs } from "./wallMs.ts";

/** The chain's time, as the blocks of one source tell it. Mutable. */
export type ChainClock = {
  /** Takes in the newest block that the source names, as it is heard. */
  readonly hear: (block: { readonly number: number; readonly time: number }) => void;
  /** Milliseconds since 1970, going on by the monotonic clock between blocks; undefined before any was heard. */
  readonly nowMs: () => number | undefined;
  /**
   * True once a block was heard that came while this clock listened: the first one may be hours old, on a chain that
   * stands still or has nothing to do.
   */
  readonly isSet: () => boolean;
  /**
   * True if the clock is set and nothing has come between. Where the machine's clock and the monotonic one have parted
   * since the last block, either the machine has slept, and this clock with it, or somebody has set its clock: two more
   * blocks tell.
   */
  readonly isFresh: () => boolean;
};

type Heard = {
  readonly number: number;
  readonly timeMs: number;
  readonly atMs: number;
  /** How far the machine's clock was ahead of the monotonic one. */
  readonly wallLeadMs: number;
};

/**
 * How much of its advance since the last block a clock keeps when a further block is heard that is behind it. Less than
 * all, so that a clock that was told a false time comes right again; more than nothing, so that blocks which are heard
 * late don't draw the clock back at once.
 */
const SLOW_RATE = 0.5;
/** What the two clocks may part by before it is taken for a sleep or for somebody who has set one. */
const PARTED_MS = 5_000;

/**
 * Opens a clock. Blocks give seconds, and are heard late, never early: the clock keeps to the most advanced of them.
 */
export function openChainClock(): ChainClock {
  let last: Heard | undefined;
  let isSet = false;
  let isConfirmed = false;
  const hasParted = (): boolean => last !== undefined && Math.abs(wallLeadMs() - last.wallLeadMs) > PARTED_MS;
  const hear: ChainClock["hear"] = ({ number, time }) => {
    const atMs = steadyMs();
    const timeMs = time * 1000;
    if (last !== undefined && number <= last.number) return;
    isConfirmed = last !== undefined && !hasParted();
    isSet ||= last !== undefined;
    const slowedMs = last === undefined ? timeMs : last.timeMs + (atMs - last.atMs) * SLOW_RATE;
    last = { number, timeMs: Math.max(timeMs, slowedMs), atMs, wallLeadMs: wallLeadMs() };
  };
  return {
    hear,
    nowMs: () => last && Math.round(last.timeMs + (steadyMs() - last.atMs)),
    isSet: () => isSet,
    isFresh: () => isSet && isConfirmed && !hasParted(),
  };
}

function wallLeadMs(): number {
  return wallMs() - steadyMs();
}
