import type { Address } from "../wire/ids.ts";

/** What other operators' nodes say of the chain, compared with what this node has read. Mutable. */
export type PeerLag = {
  /**
   * Blocks, by operator, that its nodes have told of and this node lacks, oldest first, each with the time when it was
   * told.
   */
  readonly lacked: Map<Address, readonly Told[]>;
  /** Operators that answered last. */
  answering: ReadonlySet<Address>;
  /** How far this node has read, and since when. */
  own: { readonly number: number; readonly sinceMs: number };
  /** The newest block that any of them has told of last. */
  newest: number;
};

type Told = { readonly number: number; readonly sinceMs: number };

export type OperatorBlock = { readonly operator: Address; readonly number: number };

/** A block that others have had for so long, and this node still lacks, shows that this node is behind. */
const MAX_PEER_LAG_MS = 10_000;
/** One operator's word is believed only while this node's own chain has stood still for so long. */
const STILL_MS = 30_000;
/** How many blocks are remembered of one operator: later ones show nothing more. */
const MAX_TOLD = 32;

export function openPeerLag(nowMs: number): PeerLag {
  return { lacked: new Map(), answering: new Set(), own: { number: 0, sinceMs: nowMs }, newest: 0 };
}

/** Takes in what the nodes that answer say now, one or more of each operator; times by `steadyMs`. */
export function noteBlocks(params: {
  lag: PeerLag;
  own: number;
  others: readonly OperatorBlock[];
  nowMs: number;
}): void {
  const { lag, own, others, nowMs } = params;
  if (lag.own.number !== own) lag.own = { number: own, sinceMs: nowMs };
  lag.answering = new Set(others.map(({ operator }) => operator));
  lag.newest = Math.max(0, ...others.map(({ number }) => number));
  for (const operator of lag.lacked.keys()) if (!lag.answering.has(operator)) lag.lacked.delete(operator);
  for (const { operator, number } of others) {
    const lacked = (lag.lacked.get(operator) ?? []).filter((told) => told.number > own);
    const isNews = number > (lacked.at(-1)?.number ?? own) && lacked.length < MAX_TOLD;
    lag.lacked.set(operator, isNews ? [...lacked, { number, sinceMs: nowMs }] : lacked);
  }
}

/**
 * Says why clients should not read by this node; undefined: as far as the others say, nothing. More than half of the
 * operators that answer, and at least two, have to be ahead, so that a few that lie take no honest node away. Where
 * only one answers, this node's own chain has to stand still besides.
 */
export function lagReason(params: { lag: PeerLag; nowMs: number }): string | undefined {
  const { lag, nowMs } = params;
  const { lacked, answering, own, newest } = lag;
  const isAhead = ([oldest]: readonly Told[]) =>
    oldest !== undefined && nowMs - oldest.sinceMs >= MAX_PEER_LAG_MS;
  const ahead = [...lacked.values()].filter(isAhead).length;
  const isStill = nowMs - own.sinceMs >= STILL_MS;
  const isBelieved = ahead >= 2 ? ahead > answering.size / 2 : ahead === 1 && answering.size === 1 && isStill;
  if (!isBelieved) return undefined;
  return `its chain is at block ${own.number}, that of ${ahead} other operators at ${newest}: its provider is behind`;
}
