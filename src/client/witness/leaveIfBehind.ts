import { steadyMs } from "../../clock/steadyMs.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { apiOf, noteBehind } from "../nodes/nodeLinks.ts";
import { othersAreAhead } from "./othersAreAhead.ts";
import type { Witnesses } from "./witnesses.ts";

/** A serving node that is so many blocks behind what a witness has is left for another. */
export const MAX_BLOCKS_BEHIND = 20;
/** How long a node may be so far behind: blocks of test chains come faster than nodes are polled. */
export const MAX_BEHIND_MS = 5_000;
/** A node that tells of no new block is left once it lacks for so long one that another has: blocks may be rare. */
const MAX_STILL_MS = 10_000;

type Served = { readonly serving: NodeId; readonly group?: GroupId | undefined };

/** True if a node was far behind when it was last compared, in what it serves of this group, or outside of groups. */
export function isBehind({ behind }: Pick<Witnesses, "behind">, served: Served): boolean {
  const name = nameOf(served);
  return behind.has(name) || behind.has(stillNameOf(name));
}

/** Names what is seen of a node that stands still, which is counted apart. */
function stillNameOf(name: string): string {
  return `${name}/still`;
}

/** Names a node in one matter: what it says there, which may be new, shows nothing about another matter. */
function nameOf({ serving, group }: Served): string {
  return `${group ?? "none"}/${serving}`;
}

/**
 * Leaves a serving node that stays far behind its witness. One of two things has to be so: the node has not caught up
 * at all, or it says itself that it lacks the witness's block. A node that catches up is asked itself, because a slow
 * client may have only old words of it, though ever newer ones. Besides, most of the other operators have to know that
 * block, so that an operator that makes it up takes nobody from an honest node. Then another node serves, and what that
 * node says needs a witness again. Never throws.
 */
export function leaveIfBehind(params: {
  witnesses: Witnesses;
  serving: NodeId;
  /** The group that the node serves, if it is about one. */
  group?: GroupId | undefined;
  /** The newest block that the serving node names. */
  claimed: BlockRef;
  /** The newest block that a witness names. */
  newest: BlockRef | undefined;
  /** True if an endpoint that the app named has told of it: that decides alone. */
  isByEndpoint?: boolean;
  /** True if the serving node has told of no new block for a while. */
  isStill?: boolean;
  signal: AbortSignal;
}): void {
  const { witnesses, serving, claimed, isStill = false, signal } = params;
  const { behind, links } = witnesses;
  const name = isStill ? stillNameOf(nameOf(params)) : nameOf(params);
  const newest = params.newest?.number ?? 0;
  const blocks = newest - claimed.number;
  const known = behind.get(name);
  const hasMoved = isStill && known !== undefined && claimed.number >= known.newest;
  const most = isStill ? 1 : MAX_BLOCKS_BEHIND;
  if (blocks < most || hasMoved) {
    behind.delete(name);
    return;
  }
  const seen = known ?? { sinceMs: steadyMs(), blocks, newest };
  behind.set(name, seen);
  if (seen.sinceMs + (isStill ? MAX_STILL_MS : MAX_BEHIND_MS) > steadyMs()) return;
  behind.delete(name);
  const isSure = blocks >= seen.blocks;
  void confirm({ ...params, block: newest - most + 1, isSure }).then((isConfirmed) => {
    if (!isConfirmed || signal.aborted) return;
    noteBehind(links, serving, steadyMs());
    links.onChange();
  });
}

/** True if the serving node lacks a block that most others have. Never throws. */
async function confirm(params: {
  witnesses: Witnesses;
  serving: NodeId;
  /** A node that has read up to this block is ahead of the serving node. */
  block: number;
  /**
   * True if the serving node did not catch up while it was watched; otherwise it has to say itself that it lacks the
   * block.
   */
  isSure: boolean;
  isByEndpoint?: boolean;
  signal: AbortSignal;
}): Promise<boolean> {
  const { witnesses, serving, block, isSure, isByEndpoint = false, signal } = params;
  const own = isSure ? undefined : apiOf(witnesses.links, serving)?.getNode({}, { signal });
  const lacks = await own?.then(
    ({ head }) => (head?.number ?? 0) < block,
    () => false,
  );
  return (lacks ?? isSure) && (isByEndpoint || (await othersAreAhead(params)));
}
