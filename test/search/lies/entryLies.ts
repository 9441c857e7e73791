import type { Append } from "../../../src/wire/append.ts";
import { entryId } from "../../../src/wire/entry.ts";
import type { EntryId, GroupId } from "../../../src/wire/ids.ts";
import type { Block } from "../memoryChain.ts";
import { withRecords } from "./falseChain.ts";
import type { Lie, Scene } from "./lie.ts";

type Entry = Extract<Block["records"][number], { kind: "entry" }>;

/** How long entries are kept back at most, so that siblings may come meanwhile. */
const KEPT_BACK_BLOCKS = 3;
/** Behind whatever a block truly has. */
const INVENTED_LOG_INDEX = 1_000;

/** About the order of entries: siblings in each other's place, or entries in a later block than their own. */
export function orderLie({ group, detail, since }: Scene): Lie {
  const reorder = detail % 2 === 0 ? siblingsTurned : (entries: readonly Entry[]) => entries;
  const name = detail % 2 === 0 ? "siblings swapped" : "entries moved to later blocks";
  return {
    name,
    forge: (blocks) =>
      delayed({
        blocks: detail % 2 === 0 ? pastTurned(blocks, group, since) : blocks,
        group,
        since,
        reorder,
      }),
  };
}

/** Entries that are left out: all from now on, some of them, or the last one before now. */
export function completenessLie({ group, detail, since }: Scene): Lie {
  const drops = (entry: Entry, newest: EntryId | undefined): boolean => {
    if (detail % 3 === 0) return entry.block.number > since;
    if (detail % 3 === 1)
      return entry.block.number > since && Number.parseInt(entry.id.slice(-1), 16) % 2 === 0;
    return entry.id === newest;
  };
  const names = ["all entries left out", "some entries left out", "the newest entry left out"];
  return {
    name: names[detail % 3] ?? "",
    forge: (blocks) => {
      const before = blocks.filter(({ ref }) => ref.number <= since);
      const newest = entriesOf(before, group).at(-1)?.id;
      return keeping(
        blocks,
        (record) => record.kind !== "entry" || record.group !== group || !drops(record, newest),
      );
    },
  };
}

/** Entries that are on no chain: those that were handed over to be relayed, in the place where they would have come. */
export function pretendingLie({ group }: Scene, head: () => number): Lie {
  const pretended: { readonly append: Append; readonly block: number }[] = [];
  return {
    name: "appends kept from the chain and told as landed",
    swallow: (append) => {
      if (append.group !== group) return false;
      pretended.push({ append, block: head() + 1 });
      return true;
    },
    forge: (blocks) => inserted(blocks, pretended),
  };
}

/** An entry that an insider has sealed and signed, and that never goes to the chain. */
export function insiderLie({ since }: Scene, append: Append): Lie {
  return {
    name: "an insider's entry that is on no chain",
    forge: (blocks) => inserted(blocks, [{ append, block: since + 1 }]),
  };
}

function inserted(
  blocks: readonly Block[],
  pretended: readonly { readonly append: Append; readonly block: number }[],
): readonly Block[] {
  const byBlock = Map.groupBy(pretended, ({ block }) => block);
  return blocks.map((block) => {
    const ours = byBlock.get(block.ref.number);
    if (!ours) return block;
    const records = ours.map(({ append }, i): Entry => {
      const { group, parent, authority, payload } = append;
      const place = { block: block.ref, logIndex: INVENTED_LOG_INDEX + i, index: -1 };
      return { kind: "entry", group, id: entryId(append), parent, authority, payload, ...place };
    });
    return withRecords(block, [...records, ...block.records]);
  });
}

/** Siblings that have come by now, in each other's place. */
function pastTurned(blocks: readonly Block[], group: GroupId, since: number): readonly Block[] {
  const past = blocks.filter(({ ref }) => ref.number <= since);
  const places = new Map<EntryId, Entry>();
  for (const [first, second] of Map.groupBy(entriesOf(past, group), ({ parent }) => parent).values()) {
    if (!first || !second) continue;
    places.set(first.id, second);
    places.set(second.id, first);
  }
  if (places.size === 0) return blocks;
  return blocks.map((block) => {
    const records = block.records.map((record) => {
      const other = record.kind === "entry" ? places.get(record.id) : undefined;
      if (!other || record.kind !== "entry") return record;
      return { ...other, block: record.block, logIndex: record.logIndex };
    });
    return records.some((record, i) => record !== block.records[i]) ? { ...block, records } : block;
  });
}

function siblingsTurned(entries: readonly Entry[]): readonly Entry[] {
  const siblings = Map.groupBy(entries, ({ parent }) => parent);
  return entries.map((entry) => siblings.get(entry.parent)?.pop() ?? entry);
}

/** Keeps entries back for some blocks, and then tells all that have come meanwhile at once. */
function delayed(params: {
  blocks: readonly Block[];
  group: GroupId;
  since: number;
  reorder: (entries: readonly Entry[]) => readonly Entry[];
}): readonly Block[] {
  const { blocks, group, since, reorder } = params;
  let waiting: Entry[] = [];
  return blocks.map((block) => {
    if (block.ref.number <= since) return block;
    const isOurs = (record: Block["records"][number]): record is Entry =>
      record.kind === "entry" && record.group === group;
    const come = block.records.filter(isOurs);
    waiting.push(...come);
    const [oldest] = waiting;
    const isDue = oldest !== undefined && oldest.block.number + KEPT_BACK_BLOCKS <= block.ref.number;
    if (!isDue && come.length === 0) return block;
    const others = block.records.filter((record) => !isOurs(record));
    const told = isDue ? reorder(waiting) : [];
    if (isDue) waiting = [];
    const entries = told.map((entry, i) => ({ ...entry, logIndex: INVENTED_LOG_INDEX + i }));
    return withRecords(block, [...others, ...entries]);
  });
}

function entriesOf(blocks: readonly Block[], group: GroupId): Entry[] {
  return blocks.flatMap(({ records }) =>
    records.flatMap((record) => (record.kind === "entry" && record.group === group ? [record] : [])),
  );
}

/** The blocks with these records only. */
export function keeping(
  blocks: readonly Block[],
  keeps: (record: Block["records"][number]) => boolean,
): readonly Block[] {
  return blocks.map((block) => {
    const records = block.records.filter(keeps);
    return records.length === block.records.length ? block : { ...block, records };
  });
}
