import type { EntryId, InstallationKey } from "../../wire/ids.ts";
import { type Branch, branchAfter, branchOf } from "../branch/branch.ts";
import { compareEntries } from "../branch/compareEntries.ts";
import { countOf, type DeadRuns, NO_DEAD } from "../branch/deadRuns.ts";
import { type Leaves, leavesOf } from "../branch/leaves.ts";
import { withSet } from "../branch/overlayMap.ts";
import { type Stranded, strandedOf } from "../branch/stranded.ts";
import { type Held, NOTHING_HELD } from "../messages/held.ts";
import { mergeOwed, type Owed } from "../policy/membership.ts";
import type { Intent } from "../records/intent.ts";
import type {
  DeadRun,
  EntryRecord,
  GroupRecord,
  HeadId,
  PublicationRecord,
  StagedRecord,
} from "../records/records.ts";

/** An envelope that is to be delivered, with its place in the outbox. */
export type Publication = {
  readonly sequence: number;
  readonly part: number;
  readonly record: PublicationRecord;
};

type Newest = Pick<EntryRecord, "block" | "logIndex">;

/** What the database holds of a group, as a value in memory: it is replaced after a batch is written, never before. */
export type GroupView = {
  readonly record: GroupRecord;
  readonly entries: ReadonlyMap<HeadId, EntryRecord>;
  /** Dead entries that are counted and not kept. */
  readonly dead: DeadRuns;
  /** How many children of each entry this client has read, including those that are only counted. */
  readonly childCounts: ReadonlyMap<HeadId, number>;
  /** The children of each entry that are kept, in the order of the chain. */
  readonly children: ReadonlyMap<HeadId, readonly EntryRecord[]>;
  /** The place of the last entry that was read. */
  readonly newest: Newest | undefined;
  /** The Leaves and requests. */
  readonly controls: readonly EntryRecord[];
  readonly branch: Branch;
  /** The inboxes that have asked to leave. */
  readonly leaves: Leaves;
  /** The installations that have asked to be removed and added again. */
  readonly stranded: ReadonlyMap<InstallationKey, Stranded>;
  /** The decisions of void children of the head: the next commit has to repeat them. */
  readonly owed: Owed | undefined;
  /** The open intents, in the order of the outbox. */
  readonly intents: readonly Intent[];
  readonly publications: readonly Publication[];
  readonly staged: ReadonlyMap<EntryId, StagedRecord>;
  readonly held: Held;
  /** Entries of which only one node says that they are on the chain, in the chain's order. */
  readonly provisional: readonly EntryRecord[];
};

/** What the database holds; all else in a view follows from it. */
type Stored = Pick<GroupView, "record" | "entries" | "dead" | "intents" | "publications" | "staged" | "held">;

/** Builds the view from all that the database holds. */
export function viewOfGroup(stored: Stored): GroupView {
  const { record, entries, dead } = stored;
  const children = new Map<HeadId, EntryRecord[]>();
  for (const entry of entries.values()) {
    const some = children.get(entry.parent);
    if (some) some.push(entry);
    else children.set(entry.parent, [entry]);
  }
  const childCounts = new Map([...children].map(([parent, some]) => [parent, some.length]));
  for (const [parent, runs] of dead) childCounts.set(parent, (childCounts.get(parent) ?? 0) + countOf(runs));
  const controls = [...entries.values()].filter(isMembership);
  const newest = [...entries.values(), ...[...dead.values()].flat()].reduce(later, undefined);
  const branch = branchOf({ record, entries });
  return {
    ...stored,
    ...{ childCounts, children, controls, newest, branch },
    provisional: [...entries.values()].filter(isProvisional),
    ...membershipOf({ record, branch, children, controls }),
  };
}

/** Makes the view of a group of which the database holds nothing yet. */
export function emptyGroupView(record: GroupRecord): GroupView {
  return viewOfGroup({
    record,
    entries: new Map(),
    dead: NO_DEAD,
    intents: [],
    publications: [],
    staged: new Map(),
    held: NOTHING_HELD,
  });
}

/** Computes the view after new entries and dead runs, at the cost of what is new. */
export function viewWith(params: {
  view: GroupView;
  stored: Omit<Stored, "entries" | "dead">;
  /** None of them is known. */
  added: readonly EntryRecord[];
  /** All runs of the parents for which new dead entries were counted. */
  runs: ReadonlyMap<HeadId, readonly DeadRun[]>;
}): GroupView {
  const { view, stored, added, runs } = params;
  const { record } = stored;
  const entries = withSet(
    view.entries,
    added.map((entry) => [entry.id, entry] as const),
  );
  const dead = withSet(view.dead, runs);
  const byParent = Map.groupBy(added, ({ parent }) => parent);
  const children = withSet(
    view.children,
    [...byParent].map(([parent, some]) => [parent, [...(view.children.get(parent) ?? []), ...some]] as const),
  );
  const parents = new Set([...byParent.keys(), ...runs.keys()]);
  const childCounts = withSet(
    view.childCounts,
    [...parents].map(
      (parent) => [parent, (children.get(parent)?.length ?? 0) + countOf(dead.get(parent))] as const,
    ),
  );
  const news = added.filter(isMembership);
  const controls = news.length === 0 ? view.controls : [...view.controls, ...news];
  const newest = [...added, ...[...runs.values()].flat()].reduce(later, view.newest);
  const branch = branchAfter({ branch: view.branch, before: view.record, record, entries });
  const provisional = [...view.provisional, ...added.filter(isProvisional)];
  const common = {
    ...stored,
    ...{ entries, dead, childCounts, children, controls, newest, branch, provisional },
  };
  const isSame = branch === view.branch && controls === view.controls && added.length === 0;
  if (!isSame) return { ...common, ...membershipOf(common) };
  const { leaves, stranded, owed } = view;
  return { ...common, leaves, stranded, owed };
}

function membershipOf(
  view: Pick<GroupView, "record" | "branch" | "children" | "controls">,
): Pick<GroupView, "leaves" | "stranded" | "owed"> {
  const { record, branch, children, controls } = view;
  const at = { branch, entries: controls };
  return { leaves: leavesOf(at), stranded: strandedOf(at), owed: owedByChildren(children.get(record.head)) };
}

function owedByChildren(children: readonly EntryRecord[] = []): Owed | undefined {
  const owed = children.flatMap(({ verdict }) =>
    verdict.kind === "void" && verdict.owed ? [verdict.owed] : [],
  );
  const all = mergeOwed(owed);
  return all.removes.length + all.roles.length === 0 ? undefined : all;
}

function isProvisional(entry: EntryRecord): boolean {
  return entry.isProvisional === true;
}

function isMembership({ verdict }: EntryRecord): boolean {
  if (verdict.kind !== "control") return false;
  return verdict.instruction.kind === "leave" || verdict.instruction.kind === "request";
}

function later(newest: Newest | undefined, place: Newest): Newest {
  return newest && compareEntries(newest, place) >= 0 ? newest : place;
}
