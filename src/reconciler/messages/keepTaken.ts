import type { Taken } from "../records/timelineRecord.ts";

/** More receipts than a node serves of one envelope. */
const MAX_TAKEN = 16;
/** No node may crowd out the receipts of others by flooding an envelope with its own. */
const MAX_TAKEN_PER_NODE = 2;

/**
 * Picks the receipts of a sealing that are kept for the fence, those with the earliest anchors first. The result
 * depends only on the set of receipts: in whichever order they come, all clients that have seen the same receipts keep
 * the same ones. Pure.
 */
export function keepTaken(receipts: readonly Taken[]): Taken[] {
  const unique = new Map(receipts.map((one) => [one.headerHash, one]));
  const perNode = new Map<string, number>();
  const kept = [...unique.values()].sort(compareTaken).filter(({ log }) => {
    const count = (perNode.get(log.node) ?? 0) + 1;
    perNode.set(log.node, count);
    return count <= MAX_TAKEN_PER_NODE;
  });
  return kept.slice(0, MAX_TAKEN).map(({ log, first, headerHash, anchorBlock }) => {
    return { log, first, headerHash, anchorBlock };
  });
}

function compareTaken(a: Taken, b: Taken): number {
  return a.anchorBlock - b.anchorBlock || (a.headerHash < b.headerHash ? -1 : 1);
}
