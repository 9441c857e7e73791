import { isStorageFault, WeftError } from "../errors.ts";
import { writeAtomic } from "../store/writeAtomic.ts";
import type { GroupId } from "../wire/ids.ts";
import type { JournalEvent, JournalRecord } from "./database/journalRecord.ts";
import { tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import type { Notice } from "./group/events.ts";
import { lastNumber } from "./group/journal.ts";
import { createWakeup } from "./timing/wakeup.ts";

/** Rows that are read at once. */
const AT_ONCE = 64;
/** A reader that lets so many notices wait is told to start over. */
const MAX_WAITING_NOTICES = 10_000;
/** How soon a reader tries again while the database is opened again, unless it is told before. */
const RETRY_MS = 1_000;

type Core = CoreParts<
  "asksConsent" | "closing" | "consents" | "database" | "events" | "groups" | "journal" | "recovery"
>;

/** Where a reader of what has changed begins, and when it ends. */
export type Reading = {
  /** A name under which this device keeps how far the reader is. */
  readonly consumer?: string;
  /** The number of the last change that the reader has; 0: it has none. */
  readonly since?: number;
  /** Only changes of this group. */
  readonly group?: GroupId;
  /** True: what happens in requests is told, too, as it is if one is named. */
  readonly requests?: boolean;
  readonly signal?: AbortSignal;
};

export type Told<Change> =
  | { readonly kind: "change"; readonly number: number; readonly change: Change }
  /** Changes are gone that the reader does not have. */
  | { readonly kind: "missed" }
  | { readonly kind: "notice"; readonly notice: Notice };

type Row = JournalRecord & { readonly number: number };
type ReadEvent<Change> = (noted: { group: GroupId; event: JournalEvent }) => Promise<Change | undefined>;

/**
 * Yields the journal's changes, and between them what is told without being kept. It begins where the named consumer
 * was, else after `since`, else now. What was there and what comes are read alike from the database, so there is no
 * seam. A consumer's place moves on when the next change is asked for. While a failed disk is read again it waits. Ends
 * when the signal aborts or the client closes. Throws `bad-cursor` for a number that is none, and faults of the disk.
 */
export async function* followJournal<Change>(
  params: Reading & {
    core: Core;
    /** Reads what an event names as it is now; nothing for what the reader does not want, or what is gone. */
    read: ReadEvent<Change>;
  },
): AsyncGenerator<Told<Change>, void> {
  const { core, read } = params;
  const { journal } = core;
  const signal = AbortSignal.any([core.closing.signal, ...(params.signal ? [params.signal] : [])]);
  const ears = listen(params);
  try {
    let place = await placeOf(params);
    const keep = keeperOf({ ...params, signal, place });
    while (!signal.aborted) {
      for (const notice of ears.take()) yield { kind: "notice", notice };
      const rows = await unlessAway({ core, signal, act: () => readRows({ core, after: place }) });
      const known = Math.min(Math.max(place, journal.first - 1), lastNumber(journal));
      if (known !== place) yield { kind: "missed" };
      place = known;
      let isAway = rows === "away";
      for (const { number, ...noted } of rows === "away" ? [] : changesAfter({ ...params, rows, place })) {
        const change = await unlessAway({ core, signal, act: () => read(noted) });
        isAway = change === "away";
        if (change === "away") break;
        if (change !== undefined) yield { kind: "change", number, change };
        if (signal.aborted) return;
        place = number;
        if (change !== undefined) await keep(place);
      }
      const last = rows === "away" || isAway ? undefined : rows.at(-1)?.number;
      place = last ?? place;
      await keep(place);
      if (last === undefined) await ears.wait({ signal, ...(isAway ? { timeoutMs: RETRY_MS } : {}) });
    }
  } finally {
    ears.stop();
  }
}

/** Hears from now on what is told without being kept, and that there is more in the journal. */
function listen({ core, group }: Reading & { core: Core }) {
  const wakeup = createWakeup();
  let notices: Notice[] = [];
  const unlisten = core.events.listen((notice) => {
    if (group !== undefined && "group" in notice && notice.group !== group) return;
    if (notices.length >= MAX_WAITING_NOTICES) notices = [{ kind: "missed" }];
    else notices.push(notice);
    wakeup.wake();
  });
  core.journal.readers.add(wakeup.wake);
  return {
    wait: wakeup.wait,
    take: (): Notice[] => {
      const taken = notices;
      notices = [];
      return taken;
    },
    stop: (): void => {
      unlisten();
      core.journal.readers.delete(wakeup.wake);
    },
  };
}

/** Where a consumer was; a new one begins after `since`, or else now, and is there from then on. */
async function placeOf(params: Reading & { core: Core }): Promise<number> {
  const { core, consumer, since = lastNumber(core.journal) } = params;
  if (!Number.isSafeInteger(since) || since < 0)
    throw new WeftError({ code: "bad-cursor", message: `not the number of a change: ${since}` });
  if (consumer === undefined) return since;
  const known = await tables.consumer.get(core.database, { name: consumer });
  if (known === undefined) await keepPlace({ core, consumer, place: since });
  return known ?? since;
}

/** Keeps a consumer's place when it moves; what can't be kept just now is kept with the next one. */
function keeperOf(params: Reading & { core: Core; signal: AbortSignal; place: number }) {
  const { consumer } = params;
  let kept = params.place;
  return async (place: number): Promise<void> => {
    if (consumer === undefined || place === kept) return;
    const act = () => keepPlace({ ...params, consumer, place });
    if ((await unlessAway({ ...params, act })) !== "away") kept = place;
  };
}

async function keepPlace(params: { core: Core; consumer: string; place: number }): Promise<void> {
  const { core, consumer, place } = params;
  const writes = [tables.consumer.put({ name: consumer }, place)];
  await writeAtomic({ database: core.database, writes, sync: false });
}

async function readRows({ core, after }: { core: Core; after: number }): Promise<Row[]> {
  const last = lastNumber(core.journal);
  const rows: Row[] = [];
  for await (const { fields, value } of tables.journal.rows(core.database, {
    after: { number: after },
    limit: AT_ONCE,
  })) {
    const number = Number(fields.number);
    if (number > last) break;
    rows.push({ number, ...value });
  }
  return rows;
}

/** The changes after a place, each with its number, of one group if it is given. */
function* changesAfter(params: { rows: readonly Row[]; place: number; group?: GroupId }) {
  for (const { number: last, group, events } of params.rows) {
    if (params.group !== undefined && group !== params.group) continue;
    for (const [i, event] of events.entries()) {
      const number = last - events.length + 1 + i;
      if (number > params.place) yield { number, group, event };
    }
  }
}

/** Reads, unless the client is closing, or a failed disk is read again just now. */
async function unlessAway<Result>(params: {
  core: Core;
  signal: AbortSignal;
  act: () => Promise<Result>;
}): Promise<Result | "away"> {
  const { core, signal, act } = params;
  try {
    return await act();
  } catch (error) {
    if (signal.aborted || (isStorageFault(error) && core.recovery)) return "away";
    throw error;
  }
}
