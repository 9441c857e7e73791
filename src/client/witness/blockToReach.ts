import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import { MAX_BLOCKS_BEHIND } from "./leaveIfBehind.ts";
import { othersAreAhead } from "./othersAreAhead.ts";
import type { Witnesses } from "./witnesses.ts";

/**
 * Gives the block that a node has to have reached if what it says is to count: whoever names an old block hides what
 * came since, and a witness that keeps old states confirms it. Undefined: the block that the node names is new enough,
 * or most other operators are no further. The node has to be asked once more before anybody calls it old, since a slow
 * client has old words of honest nodes, too. Never throws.
 */
export async function blockToReach(params: {
  witnesses: Witnesses;
  serving: NodeId;
  /** The newest block that the node names. */
  claimed: BlockRef;
  /** The newest block that a witness names. */
  newest: BlockRef | undefined;
  signal: AbortSignal;
}): Promise<number | undefined> {
  const { claimed, newest = claimed } = params;
  const block = newest.number - MAX_BLOCKS_BEHIND + 1;
  return claimed.number < block && (await othersAreAhead({ ...params, block })) ? block : undefined;
}
