import { steadyMs } from "../../clock/steadyMs.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { ChainBlock } from "../../wire/words.ts";
import { apiOf, noteBehind } from "../links/nodeLinks.ts";
import type { Witnesses } from "./witnesses.ts";

/** A serving node that is so many blocks behind what a witness has is left for another. */
export const MAX_BLOCKS_BEHIND = 20;
/** How long it may be so: blocks of test chains come faster than nodes are polled. */
export const MAX_BEHIND_MS = 5_000;

type Served = { readonly serving: NodeId; readonly group?: GroupId | undefined };

/** Whether a node was seen far behind when it was last compared, in what it serves of this group, or besides groups. */
export function isBehind({ behind }: Pick<Witnesses, "behind">, served: Served): boolean {
  return behind.has(nameOf(served));
}

/** What a node says of one matter, which may be new, shows nothing about another. */
function nameOf({ serving, group }: Served): string {
  return `${group ?? "none"}/${serving}`;
}

/**
 * Leaves a serving node that stays far behind its witness: if it does not catch up at all, or if it says so itself. A
 * client that is slow has only old words of the node, but ever newer ones. Another node serves then, and what that one
 * says needs a witness again. Never throws.
 */
export function leaveIfBehind(params: {
  witnesses: Witnesses;
  serving: NodeId;
  /** What it serves, if that is a group. */
  group?: GroupId | undefined;
  /** The head that the serving node names. */
  claimed: ChainBlock;
  /** That of a witness. */
  newest: ChainBlock | undefined;
  signal: AbortSignal;
}): void {
  const { witnesses, serving, claimed, signal } = params;
  const { behind, links } = witnesses;
  const name = nameOf(params);
  const newest = params.newest?.number ?? 0;
  const blocks = newest - claimed.number;
  if (blocks < MAX_BLOCKS_BEHIND) {
    behind.delete(name);
    return;
  }
  const seen = behind.get(name) ?? { sinceMs: steadyMs(), blocks };
  behind.set(name, seen);
  if (seen.sinceMs + MAX_BEHIND_MS > steadyMs()) return;
  behind.delete(name);
  const leave = (): void => {
    noteBehind(links, serving, steadyMs());
    links.onChange();
  };
  if (blocks >= seen.blocks) {
    leave();
    return;
  }
  apiOf(links, serving)
    ?.getNode({}, { signal })
    .then(
      (own) => {
        if (newest - (own.head?.number ?? 0) >= MAX_BLOCKS_BEHIND) leave();
      },
      () => undefined,
    );
}
