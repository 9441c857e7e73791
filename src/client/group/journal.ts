import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { JournalEvent } from "../database/journalRecord.ts";
import { tables } from "../database/tables.ts";

/**
 * What has changed on this device, each change with a number, so that readers can go on where they were. Mutable; the
 * rows are in the database.
 */
export type Journal = {
  /** The number of the next change. */
  next: number;
  /** The first number that is kept. */
  first: number;
  /** First numbers of the batches that are being written: nobody reads beyond, since they may still come. */
  readonly underWay: Set<number>;
  /** The same of batches whose write has failed, until the disk was read again: they may be there. */
  readonly doubtful: Set<number>;
  /** Called when there is more to read. */
  readonly readers: Set<() => void>;
};

/** How many changes are kept for readers that were away. */
export const JOURNAL_KEPT = 100_000;
/** Old changes go when there are so many of them: then one batch is larger, and all others are not. */
const PRUNED_AT_ONCE = 1_000;

/** Opens the journal where the database left it. */
export async function openJournal(database: Database): Promise<Journal> {
  let [next, first] = [1, 1];
  for await (const { fields } of tables.journal.rows(database, { reverse: true, limit: 1 })) {
    next = Number(fields.number) + 1;
  }
  for await (const { fields, value } of tables.journal.rows(database, { limit: 1 })) {
    first = Number(fields.number) - value.events.length + 1;
  }
  return { next, first, underWay: new Set(), doubtful: new Set(), readers: new Set() };
}

/**
 * Numbers what a batch changes, and gives the writes for that. The caller calls `done` once the batch is written and
 * memory has followed, or `failed`.
 */
export async function numberChanges(params: {
  database: Database;
  journal: Journal;
  group: GroupId;
  events: readonly JournalEvent[];
}): Promise<{
  readonly writes: readonly Write[];
  readonly done: () => void;
  readonly failed: () => void;
}> {
  const { database, journal, group, events } = params;
  if (events.length === 0) return { writes: [], done: () => {}, failed: () => {} };
  const pruned = await pruneWrites(database, journal);
  const first = journal.next;
  const number = first + events.length - 1;
  journal.next = number + 1;
  journal.underWay.add(first);
  return {
    writes: [tables.journal.put({ number }, { group, events }), ...pruned],
    done: () => {
      journal.underWay.delete(first);
      for (const tell of journal.readers) tell();
    },
    failed: () => {
      journal.underWay.delete(first);
      journal.doubtful.add(first);
    },
  };
}

/** Lets readers pass what was in doubt: the disk was read again, and holds it or does not. */
export function passDoubt(journal: Journal): void {
  journal.doubtful.clear();
  for (const tell of journal.readers) tell();
}

/** The last number before the first batch that is still being written: up to it nothing comes any more. */
export function lastNumber({ next, underWay, doubtful }: Journal): number {
  return Math.min(next, ...underWay, ...doubtful) - 1;
}

/** Lets the oldest changes go once there are enough of them. A row that reaches into what is kept stays as a whole. */
async function pruneWrites(database: Database, journal: Journal): Promise<Write[]> {
  const cut = journal.next - JOURNAL_KEPT;
  if (cut - journal.first < PRUNED_AT_ONCE) return [];
  journal.first = cut;
  const writes: Write[] = [];
  for await (const { fields } of tables.journal.rows(database)) {
    if (Number(fields.number) >= cut) break;
    writes.push(tables.journal.del(fields));
  }
  return writes;
}
