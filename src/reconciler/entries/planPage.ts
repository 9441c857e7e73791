import { WeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Entry, EntryCursor, EntryPage } from "../../wire/chainEntry.ts";
import { compareEntries } from "../branch/compareEntries.ts";
import type { Place } from "../branch/deadRuns.ts";
import type { DeadRun, EntryRecord, HeadId } from "../records/records.ts";
import type { KnownGroup } from "../view/knownGroup.ts";
import type { GroupView } from "../view/viewOfGroup.ts";
import type { Claim } from "../witness/fact.ts";
import { chainFacts } from "./chainFacts.ts";
import { compareDead } from "./compareDead.ts";

export type PagePlan =
  /** The page says only what is known. */
  | { readonly kind: "nothing" }
  /** The page is older than what is known of the chain: it shows nothing about what has come since. */
  | { readonly kind: "stale" }
  | PageNews;

export type PageNews = {
  readonly kind: "news";
  /** The view for which the plan was made. */
  readonly view: GroupView;
  readonly from: EntryCursor | undefined;
  /** Known entries that the page contradicts, and all known entries after those. */
  readonly lost: readonly EntryRecord[];
  readonly fresh: readonly Entry[];
  readonly head: BlockRef;
  /** The page reaches to the end of the group's entries. */
  readonly isComplete: boolean;
  /** Entries whose number of children matters. */
  readonly touched: readonly HeadId[];
  /** Parents whose dead children have to be counted anew. */
  readonly uncounted: ReadonlySet<HeadId>;
  /** The first place at which the page has other dead entries than were counted, if there is one. */
  readonly differsFrom: Place | undefined;
  /** What a witness has to agree to before the client acts on anything of the page. */
  readonly claim: Claim;
};

/**
 * Plans what a page of entries changes in a group if the page is true. Pure. Throws `malformed` for a page that no
 * chain can have.
 */
export function planPage(params: { group: KnownGroup; page: EntryPage }): PagePlan {
  const { group, page } = params;
  const { view, agreed } = group;
  const { from, entries, more, head } = page;
  const start = from && placeOf(from);
  const behind = [...view.entries.values()].filter((entry) => !start || compareEntries(entry, start) > 0);
  const { kept, differsFrom } = compareDead({ view, from: start, entries, isComplete: !more });
  const compared = more ? behind.slice(0, kept.length) : behind;
  const first = compared.findIndex((entry, i) => !isSame(entry, kept[i]));
  const lost = first < 0 ? [] : behind.slice(first);
  const fresh = kept.slice(first < 0 ? compared.length : first);
  if (lost.length + fresh.length === 0 && !differsFrom) return { kind: "nothing" };
  if (!head) throw malformed("entries without the block as of which they hold");
  const doubted = differsFrom ? deadFrom(view, differsFrom) : [];
  if (head.number < Math.max(agreed.number, ...[...lost, ...doubted].map(({ block }) => block.number)))
    return { kind: "stale" };
  checkPage({ from, entries, head });
  const uncounted = new Set(doubted.map(({ parent }) => parent));
  const touched = [...[...lost, ...fresh].flatMap(({ id, parent }) => [parent, id]), ...uncounted];
  const news = { view, lost, fresh, head, isComplete: !more, touched, uncounted, differsFrom };
  return { ...news, kind: "news", from, claim: claimOf({ group, news }) };
}

/** Lists the counts that have to go if the chain differs from a place on. */
function deadFrom({ dead }: GroupView, place: Place): readonly DeadRun[] {
  return [...dead.values()].flat().filter((run) => compareEntries(run, place) >= 0);
}

function claimOf(params: {
  group: Pick<KnownGroup, "id" | "unproven">;
  news: Omit<PageNews, "kind" | "from" | "claim">;
}): Claim {
  const { group, news } = params;
  const { view, lost, fresh, head, isComplete, touched, uncounted } = news;
  const gone = new Set<HeadId>(lost.map(({ id }) => id));
  const provisional = view.provisional.filter(({ id }) => !gone.has(id));
  const now = new Map<HeadId, Entry | EntryRecord>([...view.entries].filter(([id]) => !gone.has(id)));
  for (const entry of fresh) now.set(entry.id, entry);
  const children = new Map(view.childCounts);
  const count = ({ parent }: Entry | EntryRecord, by: number): void => {
    children.set(parent, (children.get(parent) ?? 0) + by);
  };
  for (const entry of lost) count(entry, -1);
  for (const entry of fresh) count(entry, 1);
  const ids = new Set<HeadId>([
    ...touched,
    ...provisional.flatMap(({ id, parent }) => [id, parent]),
    ...(isComplete ? [view.record.head, ...group.unproven] : []),
  ]);
  // A partial page shows nothing about entries that it lacks; nor does any page about an entry for which a joining
  // client waits.
  const isTold = (id: HeadId): boolean => id === group.id || now.has(id) || (isComplete && gone.has(id));
  const blocks = [...fresh, ...provisional].map(({ block }) => block);
  checkBlocks([...blocks, head]);
  return chainFacts({
    ...{ group: group.id, head, blocks },
    entries: new Map([...ids].filter(isTold).map((id) => [id, now.get(id)])),
    children: isComplete ? children : undefined,
    uncounted,
  });
}

function checkPage({ from, entries, head }: Pick<EntryPage, "from" | "entries"> & { head: BlockRef }): void {
  let before: Parameters<typeof compareEntries>[0] | undefined = from && placeOf(from);
  for (const entry of entries) {
    if (entry.block.number > head.number) throw malformed("an entry after its head");
    if (before && compareEntries(before, entry) >= 0) throw malformed("entries that are not in order");
    before = entry;
  }
}

/** Throws if the page has two blocks of one number. */
function checkBlocks(blocks: readonly BlockRef[]): void {
  const byNumber = new Map(blocks.map((block) => [block.number, block]));
  const isOne = ({ number, hash, time }: BlockRef): boolean => {
    const other = byNumber.get(number);
    return other?.hash === hash && other.time === time;
  };
  if (!blocks.every(isOne)) throw malformed("two blocks of one number");
}

/** True if the entry is in the same place on the same chain. */
function isSame(known: EntryRecord, { id, block, logIndex }: Partial<Entry> = {}): boolean {
  return known.id === id && known.block.hash === block?.hash && known.logIndex === logIndex;
}

function placeOf({ block: number, logIndex }: EntryCursor) {
  return { block: { number }, logIndex };
}

function malformed(what: string): WeftError {
  return new WeftError({
    code: "malformed",
    message: `the node served ${what}`,
    hint: "Use another node.",
  });
}
