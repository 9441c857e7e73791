import type { ChainIndex } from "../store/node/chainIndex.ts";
import { firstChildBlock } from "../store/node/readEntries.ts";
import type { EntryId, GroupId } from "../wire/ids.ts";
import { VOID_BLOCKS } from "../wire/limits.ts";
import type { Refusal } from "../wire/relayOutcome.ts";

/** How many children of one parent a node pays for in VOID_BLOCKS, once the parent's first child is older than that. */
const MAX_LATE_SIBLINGS = 32;
const MAX_PARENTS = 4096;

/** How many such children a node has relayed lately, by parent, the oldest first. */
export type LateSiblings = Map<EntryId | GroupId, { readonly since: number; readonly count: number }>;

/**
 * Counts one more child of a parent, or says why the node does not pay for it. Whoever once had the keys of an epoch,
 * as a removed member has, may append children to its entry for ever. Where no child can be voided any more, only a few
 * more are of use to the members: the first that is adopted ends it.
 */
export async function takeLateSibling(params: {
  index: ChainIndex;
  relayed: LateSiblings;
  append: { readonly group: GroupId; readonly parent: EntryId | GroupId };
}): Promise<Refusal | undefined> {
  const { index, relayed, append } = params;
  const { group, parent } = append;
  const block = index.state.head?.number ?? 0;
  const first = await firstChildBlock({ index, group, id: parent });
  if (first === undefined || first + VOID_BLOCKS >= block) return undefined;
  const known = relayed.get(parent);
  const { since, count } = known && known.since + VOID_BLOCKS >= block ? known : { since: block, count: 0 };
  if (count >= MAX_LATE_SIBLINGS) {
    return { kind: "refused", code: "limit-exceeded", hint: "Enough was relayed below this entry for now." };
  }
  relayed.delete(parent);
  relayed.set(parent, { since, count: count + 1 });
  for (const oldest of relayed.keys()) {
    if (relayed.size <= MAX_PARENTS) break;
    relayed.delete(oldest);
  }
  return undefined;
}
