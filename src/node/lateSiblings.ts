import type { ChainIndex } from "../store/node/chainIndex.ts";
import { firstChildBlock } from "../store/node/readEntries.ts";
import type { EntryId, GroupId } from "../wire/ids.ts";
import { VOID_BLOCKS } from "../wire/limits.ts";
import type { Refusal } from "../wire/relayOutcome.ts";

/** Appends below one parent that a node pays for in VOID_BLOCKS, once its first child is older than that. */
const MAX_LATE_SIBLINGS = 32;
const MAX_PARENTS = 4096;

/** What a node has relayed below such parents lately, the oldest first. */
export type LateSiblings = Map<EntryId | GroupId, { readonly since: number; readonly count: number }>;

/**
 * Takes one more append below a parent into account, or says why not. Whoever once had the keys of an epoch may append
 * below its entry for ever, a removed member, too: where nothing can be voided any more, only a few more are of use to
 * those who are still there, since the first that is adopted ends it.
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
