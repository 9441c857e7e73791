import { type ChainClock, openChainClock } from "../../clock/chainClock.ts";
import { wallMs } from "../../clock/wallMs.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeId } from "../../wire/ids.ts";

/** What this client has heard of the chain's time by way of nodes. */
export type HeardTime = {
  readonly nodes: Map<NodeId, KnownNode>;
  /** Addresses that the app named: they come before the registry's. */
  readonly addresses: Map<NodeId, string>;
  /** What each address has told of the chain's time. */
  readonly clocks: Map<string, ChainClock>;
  /** Called when something was heard. */
  onHeard: (() => void) | undefined;
};

/** A device's clock is wrong if it is off by more: nodes' blocks are heard seconds late at worst. */
const DEVICE_CLOCK_TOLERANCE_MS = 60_000;

/** Takes in the chain's newest block as one address tells it, whatever was asked there. */
export function hearHead(
  links: HeardTime,
  heard: { url: string; head: { readonly number: number; readonly time: number } },
): void {
  const known = links.clocks.get(heard.url);
  const clock = known ?? openChainClock();
  if (!known) links.clocks.set(heard.url, clock);
  clock.hear(heard.head);
  links.onHeard?.();
}

/**
 * The chain's time as this client has heard it, milliseconds since 1970: that of the operator in the middle, so that an
 * operator that makes up blocks can't move it beyond what others say. It may be behind, on a chain that has nothing to
 * do. Undefined before anything was heard.
 */
function chainMs(links: HeardTime): number | undefined {
  return middleOf(links)?.timeMs;
}

/**
 * The time for what is signed or stored for others to judge, milliseconds since 1970: the chain's time if it moves,
 * otherwise the later one of the chain's and the device's.
 */
export function networkMs(links: HeardTime): number {
  const chain = middleOf(links);
  if (!chain) return wallMs();
  return chain.isSet ? chain.timeMs : Math.max(chain.timeMs, wallMs());
}

/**
 * The chain's time for what must not come early, milliseconds since 1970: it may be behind, and is never ahead for
 * long. The device's clock before anything was heard.
 */
export function leastMs(links: HeardTime): number {
  return chainMs(links) ?? wallMs();
}

/**
 * The time that people are shown, milliseconds since 1970: the device's clock, unless the chain shows that it is wrong.
 */
export function shownMs(links: HeardTime): number {
  const error = deviceClock(links);
  return error?.isWrong ? Math.round(wallMs() - error.offsetMs) : wallMs();
}

export type DeviceClock = {
  /** By how much the device's clock is ahead of the chain's, milliseconds. */
  readonly offsetMs: number;
  /** True if it is off by more than `DEVICE_CLOCK_TOLERANCE_MS`. */
  readonly isWrong: boolean;
};

/**
 * Compares the device's clock with the chain's time; undefined while nobody can tell. A clock that is ahead of blocks
 * which may be old shows nothing; one that is far behind them is wrong.
 */
export function deviceClock(links: HeardTime): DeviceClock | undefined {
  const chain = middleOf(links);
  if (!chain) return undefined;
  const offsetMs = wallMs() - chain.timeMs;
  if (!chain.isFresh && offsetMs > -DEVICE_CLOCK_TOLERANCE_MS) return undefined;
  return { offsetMs, isWrong: Math.abs(offsetMs) > DEVICE_CLOCK_TOLERANCE_MS };
}

type Told = { readonly timeMs: number; readonly isSet: boolean; readonly isFresh: boolean };

/**
 * Gives the time in the middle. Each operator has one voice; of two in the middle the one closer to the device's clock
 * counts.
 */
function middleOf(links: HeardTime): Told | undefined {
  const told = [...byOperator(links).values()];
  const set = told.filter(({ isSet }) => isSet);
  const voices = (set.length > 0 ? set : told).toSorted((a, b) => a.timeMs - b.timeMs);
  const [low, high] = [voices[(voices.length - 1) >> 1], voices[voices.length >> 1]];
  if (!low || !high) return undefined;
  const now = wallMs();
  return Math.abs(now - low.timeMs) <= Math.abs(now - high.timeMs) ? low : high;
}

function byOperator(links: HeardTime): ReadonlyMap<string, Told> {
  const operators = operatorsByUrl(links);
  const told = new Map<string, Told>();
  for (const [url, clock] of links.clocks) {
    const one = toldBy(clock);
    const name = operators.get(url) ?? url;
    const known = told.get(name);
    if (one && (!known || isBetter(one, known))) told.set(name, one);
  }
  return told;
}

function toldBy(clock: ChainClock): Told | undefined {
  const timeMs = clock.nowMs();
  return timeMs === undefined ? undefined : { timeMs, isSet: clock.isSet(), isFresh: clock.isFresh() };
}

function isBetter(one: Told, other: Told): boolean {
  return one.isSet === other.isSet ? one.timeMs > other.timeMs : one.isSet;
}

function operatorsByUrl({ nodes, addresses }: HeardTime): ReadonlyMap<string, string> {
  return new Map(
    [...nodes.values()].map(({ node, operator, httpAddress }) => [
      addresses.get(node) ?? httpAddress,
      operator,
    ]),
  );
}
