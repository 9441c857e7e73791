import { compareKeys, type TimelineKey } from "../../reconciler/records/timelineRecord.ts";
import type { Database } from "../../store/openDatabase.ts";
import { withWrites } from "../../store/withWrites.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId, InboxId, MessageId } from "../../wire/ids.ts";
import type { ConversationRecord, LastMessage } from "./conversationRecord.ts";
import { type Readable, type ReadableChange, readableOf } from "./readableChanges.ts";
import { tables } from "./tables.ts";

const PREVIEW_CHARACTERS = 200;
/** Records that are looked through for the last message, when the one that was the last can't be read any more. */
const MOST_LOOKED_THROUGH = 1_000;

type Changes = ReadonlyMap<MessageId, ReadableChange>;
type IsLeftOut = (inbox: InboxId) => boolean;
type Params = {
  readonly database: Database;
  readonly group: GroupId;
  /** The inbox whose own messages are never unread. */
  readonly self: InboxId;
  /** True for inboxes whose messages are neither unread nor last: those that are blocked. */
  readonly isLeftOut: IsLeftOut;
  readonly atMs: number;
  /** What the batch changes of messages, as far as they can be read. */
  readonly changes: Changes;
  /** The batch. */
  readonly writes: readonly Write[];
};

/**
 * What a batch changes in the list of conversations: which messages are unread, and which is the last. A message that
 * moves in the timeline stays read or unread. What another device has told is never unread and has not arrived here.
 * `record`: the conversation as it is then, if it is another one.
 */
export async function conversationWrites(params: Params): Promise<{
  readonly writes: readonly Write[];
  readonly record?: ConversationRecord;
  /** Where messages of others stand that can be read now and could not before. */
  readonly arrived: readonly TimelineKey[];
}> {
  const { database, group, self, isLeftOut, atMs } = params;
  const isHeard = ({ before, after }: ReadableChange): boolean =>
    [before, after].every((one) => one === undefined || !isLeftOut(one.item.author));
  const changes: Changes = new Map([...params.changes].filter(([, change]) => isHeard(change)));
  if (changes.size === 0) return { writes: [], arrived: [] };
  const stored = await tables.conversation.get(database, { group });
  const writes: Write[] = [];
  const arrived: TimelineKey[] = [];
  let unread = stored?.unread ?? 0;
  for (const change of changes.values()) {
    const [before, after] = [change.before, change.after].map(ifOpened);
    if ((after ?? before)?.item.author === self) continue;
    const [from, to] = [before && { group, ...before.key }, after && { group, ...after.key }];
    const wasUnread = from !== undefined && (await tables.unread.get(database, from)) !== undefined;
    if (wasUnread && from && (!to || compareKeys(from, to) !== 0)) writes.push(tables.unread.del(from));
    const isNew = from === undefined;
    if (after && isNew) arrived.push(after.key);
    if (to && (isNew || wasUnread)) writes.push(tables.unread.put(to, EMPTY));
    unread += to && isNew ? 1 : wasUnread && !to ? -1 : 0;
  }
  const last = await lastAfter({ ...params, changes, last: stored?.last });
  const activeAtMs = activityOf({ changes, stored, atMs });
  const record: ConversationRecord = { unread, ...(last ? { last } : {}), activeAtMs };
  return { writes: [...writes, tables.conversation.put({ group }, record)], record, arrived };
}

const EMPTY = new Uint8Array(0);

function ifOpened(readable: Readable | undefined): Readable | undefined {
  return readable?.item.origin === undefined ? readable : undefined;
}

/** What was told happened when it was said, not when it was told. */
function activityOf(params: {
  changes: Changes;
  stored: ConversationRecord | undefined;
  atMs: number;
}): number {
  const { changes, stored, atMs } = params;
  const readables = [...changes.values()].flatMap(({ before, after }) => after ?? before ?? []);
  if (readables.some((one) => ifOpened(one))) return atMs;
  const saidAtMs = readables.map(({ item }) => Math.min(atMs, item.sentAtMs));
  return Math.max(stored?.activeAtMs ?? 0, ...saidAtMs);
}

async function lastAfter(
  params: Params & { last: LastMessage | undefined },
): Promise<LastMessage | undefined> {
  const { database, changes, last, writes } = params;
  const come = [...changes.values()].flatMap(({ after }) => (after ? [after] : []));
  const [newest] = come.toSorted((a, b) => compareKeys(b.key, a.key));
  if (newest && (!last || compareKeys(newest.key, last.key) >= 0)) return previewOf(newest);
  const changed = last && changes.get(last.key.id as MessageId);
  const isGone = changed && (!changed.after || compareKeys(changed.after.key, last.key) !== 0);
  if (!isGone) return last;
  const later = withWrites(database);
  later.add(writes);
  return await findLast({ ...params, database: later.database });
}

/** Finds the last message that can be read, as far back as is looked for. */
export async function findLast(params: {
  database: Database;
  group: GroupId;
  isLeftOut: IsLeftOut;
}): Promise<LastMessage | undefined> {
  const { database, group, isLeftOut } = params;
  let looked = 0;
  for await (const { value } of tables.timeline.rows(database, { under: { group }, reverse: true })) {
    const readable = readableOf(value);
    if (readable && !isLeftOut(readable.item.author)) return previewOf(readable);
    if (++looked >= MOST_LOOKED_THROUGH) break;
  }
  return undefined;
}

function previewOf({ key, item: { author, sentAtMs, text } }: Readable): LastMessage {
  return { key, author, sentAtMs, text: text.slice(0, PREVIEW_CHARACTERS) };
}
