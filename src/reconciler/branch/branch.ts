import type { BlockRef } from "../../wire/blockRef.ts";
import type { EntryId } from "../../wire/ids.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../records/records.ts";
import type { HeadPlace } from "./headPlace.ts";
import { withSet } from "./overlayMap.ts";

/** One epoch of the adopted branch; `entry` is undefined for epoch 0 and for the epoch in which this client began. */
export type BranchStep = {
  readonly head: HeadId;
  readonly epoch: number;
  readonly entry: EntryRecord | undefined;
};

/** The adopted entries from where this client's history of the group starts to the head. */
export type Branch = {
  readonly steps: readonly BranchStep[];
  readonly places: ReadonlyMap<HeadId, number>;
  /** The adopted commit after the head that took this client out, if one did. */
  readonly end?: EntryRecord | undefined;
};

type BranchRecord = Pick<GroupRecord, "head" | "epoch" | "start"> & Partial<Pick<GroupRecord, "status">>;

export function branchOf(params: {
  record: BranchRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): Branch {
  const { record, entries } = params;
  const steps: BranchStep[] = [];
  let head: HeadId | undefined = record.head;
  for (let epoch = record.epoch; head !== undefined && epoch >= record.start.epoch; epoch--) {
    const entry = entries.get(head);
    steps.push({ head, epoch, entry });
    head = entry?.parent;
  }
  steps.reverse();
  const end = record.status === "removed" ? adoptedOn(entries, record.head) : undefined;
  return { steps, places: new Map(steps.map((step, i) => [step.head, i])), end };
}

/**
 * Computes the branch after a change that only added entries: mostly the branch stays the same or gets one more step.
 */
export function branchAfter(params: {
  branch: Branch;
  before: BranchRecord;
  record: BranchRecord;
  entries: ReadonlyMap<HeadId, EntryRecord>;
}): Branch {
  const { branch, before, record, entries } = params;
  const entry = entries.get(record.head);
  const isAsBefore = record.start.head === before.start.head && record.status === before.status;
  if (!isAsBefore || record.start.epoch !== before.start.epoch) return branchOf(params);
  const last = branch.steps.at(-1);
  const isKnown = last?.entry !== undefined || entry === undefined;
  if (record.head === before.head && record.epoch === before.epoch && isKnown) return branch;
  if (entry?.parent !== before.head || record.epoch !== before.epoch + 1) return branchOf(params);
  const step = { head: record.head, epoch: record.epoch, entry };
  const places = withSet(branch.places, [[record.head, branch.steps.length]]);
  return { steps: [...branch.steps, step], places, end: undefined };
}

function adoptedOn(entries: ReadonlyMap<HeadId, EntryRecord>, head: HeadId): EntryRecord | undefined {
  return [...entries.values()].find(({ parent, verdict }) => parent === head && verdict.kind === "adopted");
}

/** Lists the blocks of the adopted entries after the step at `place`, in their order. */
export function successorsOf(branch: Branch, place: number): BlockRef[] {
  return branch.steps.slice(place + 1).flatMap(({ entry }) => (entry ? [entry.block] : []));
}

/** Tells where a head that an envelope names stands, as seen from this client's head. */
export function placeOf(params: {
  branch: Branch;
  entries: ReadonlyMap<HeadId, EntryRecord>;
  head: EntryId;
}): HeadPlace {
  const { branch, entries, head } = params;
  const place = branch.places.get(head);
  if (place === branch.steps.length - 1) return { kind: "head" };
  if (place !== undefined) return { kind: "behind", successors: successorsOf(branch, place) };
  const entry = entries.get(head);
  if (entry === undefined) return { kind: "unknown" };
  switch (entry.verdict.kind) {
    case "adopted":
    case "before-start":
      return { kind: "before-start" };
    case "unjudged":
      return { kind: "unknown" };
    case "refused":
    case "control":
    case "cut-off":
    case "void":
    case "dead":
      return { kind: "dead" };
  }
}
