import type { BlockRef } from "../../wire/blockRef.ts";
import type { Address, GroupId } from "../../wire/ids.ts";
import type { EntryRecord, HeadId } from "../records/records.ts";
import type { KnownGroup } from "../view/knownGroup.ts";
import type { Claim, Fact } from "../witness/fact.ts";

/** The place of an entry; undefined if it is no longer on the chain. */
type Placed = Pick<EntryRecord, "authority" | "block" | "index"> | undefined;

const NOWHERE = { authority: `0x${"00".repeat(20)}` as Address, block: 0, index: 0 };

/** Puts together what a node says of a group at the end of a block, so that witnesses can agree or contradict. */
export function chainFacts(params: {
  group: GroupId;
  head: BlockRef;
  /** The group id need not be named: the root is always there. */
  entries: ReadonlyMap<HeadId, Placed>;
  /** How many children of each entry the node has told; undefined: there may be more. */
  children: ReadonlyMap<HeadId, number> | undefined;
  /** Entries whose children are not compared. */
  uncounted?: ReadonlySet<HeadId>;
  blocks: readonly BlockRef[];
}): Claim {
  const { group, head, entries, children, uncounted } = params;
  const blocks = new Map(params.blocks.map((block) => [block.number, block]));
  blocks.delete(head.number);
  const childrenOf = (id: HeadId, place: Placed): number | undefined => {
    if (!place && id !== group) return 0;
    return children && !uncounted?.has(id) ? (children.get(id) ?? 0) : undefined;
  };
  const facts: Fact[] = [...entries].map(([id, place]) => ({
    ...{ kind: "entry", group, id },
    ...(place ? { ...pick(place), block: place.block.number } : NOWHERE),
    children: childrenOf(id, place),
  }));
  return {
    head,
    facts: [...facts, ...[...blocks.values()].map((block) => ({ kind: "block", block }) as const)],
  };
}

function pick({ authority, index }: NonNullable<Placed>) {
  return { authority, index };
}

/**
 * Puts together this claim: on the chain with this block, the group's head has no children but the known ones, and all
 * provisional entries are there.
 */
export function factsAtHead(params: {
  group: Pick<KnownGroup, "id" | "view" | "unproven">;
  head: BlockRef;
}): Claim {
  const { group, head } = params;
  const { record, entries, childCounts, provisional } = group.view;
  const ids = [record.head, ...provisional.flatMap(({ id, parent }) => [id, parent]), ...group.unproven];
  const known = ids.filter((id) => id === group.id || entries.has(id));
  return chainFacts({
    ...{ group: group.id, head, children: childCounts },
    entries: new Map(known.map((id) => [id, entries.get(id)])),
    blocks: provisional.map(({ block }) => block),
  });
}
