import { waitingItem } from "../reconciler/intents/waitingItem.ts";
import type { Intent } from "../reconciler/records/intent.ts";
import { compareKeys, keyOf, type TimelineKey } from "../reconciler/records/timelineRecord.ts";
import { keyOfCursor, showRecord, type TimelineItem } from "../reconciler/timeline/timelineItem.ts";
import type { ConversationId, GroupId, Hex, InboxId, MessageId } from "../wire/ids.ts";
import { type Client, coreOf, groupsIn } from "./client.ts";
import { isBlocked } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { directItems, type Range } from "./messages/directItems.ts";
import { readersOf } from "./messages/readers.ts";
import { readRecords } from "./messages/timelineStore.ts";

/** How far an own message is; undefined for others' and for those that were delivered. */
export type Delivery = "queued" | "sealed" | "acknowledged" | undefined;
export type ListedItem = TimelineItem & {
  readonly delivery: Delivery;
  /** The members, other than the author, who say to have read a message; absent for nobody. */
  readonly readBy?: readonly InboxId[];
};

/**
 * Lists a page of a conversation from the local database, in its order; own messages that wait to be sealed come last.
 * It reads what it gives, however long the conversation is. All groups of a direct conversation are read as one, whose
 * cursors are good for nothing else. What blocked inboxes say is left out. Throws `bad-cursor`, `unknown-group`.
 */
export async function listMessages(params: {
  client: Client;
  group: ConversationId;
  /** Only what stands after this cursor. */
  after?: Hex;
  /** Only what stands before this cursor. */
  before?: Hex;
  limit?: number;
  /** Where `limit` counts from: by default from the end if there is only a `before`, else from the start. */
  from?: "start" | "end";
}): Promise<ListedItem[]> {
  const { client, after, before, limit = Number.POSITIVE_INFINITY } = params;
  const { from = before !== undefined && after === undefined ? "end" : "start" } = params;
  const core = coreOf(client);
  const { groups, isDirect } = groupsToList(core, params.group);
  const [intents, isReverse] = [groups.flatMap(({ view }) => view.intents), from === "end"];
  const read = (group: Listed, range: Range) => itemsOf({ core, group, range, isReverse });
  const items: TimelineItem[] = [];
  const source = isDirect
    ? directItems({ groups, after, before, isReverse, read })
    : read(groups[0], { after: after && keyOfCursor(after), before: before && keyOfCursor(before) });
  for await (const item of source) {
    if (items.length >= limit) break;
    items.push(item);
  }
  const delivery = deliveries(intents);
  const listed = withoutRepeats(items).map((item) => ({
    ...item,
    delivery: item.kind === "message" ? delivery.get(item.id) : undefined,
  }));
  return from === "end" ? listed.reverse() : listed;
}

type Listed = Pick<Group, "id"> & { readonly view: Pick<Group["view"], "entries" | "intents"> };

/** A group that another device has told of has a timeline, and nothing that waits to be sent. */
function groupsToList(
  core: CoreParts<"groups" | "self" | "toldGroups">,
  id: ConversationId,
): { readonly groups: readonly [Listed, ...Listed[]]; readonly isDirect: boolean } {
  const told = core.groups.has(id as GroupId) ? undefined : core.toldGroups.get(id as GroupId);
  if (!told) return groupsIn(core, id);
  return { groups: [{ id: told.group, view: { entries: new Map(), intents: [] } }], isDirect: false };
}

async function* itemsOf(params: {
  core: CoreParts<"consents" | "database">;
  group: Listed;
  range: Range;
  isReverse: boolean;
}): AsyncGenerator<TimelineItem & Pick<ListedItem, "readBy">> {
  const { core, group, range, isReverse } = params;
  const readers = await readersOf({ core, group: group.id });
  const waiting = group.view.intents
    .flatMap((intent) => waitingItem(intent) ?? [])
    .filter(({ cursor }) => isWithin(range, keyOfCursor(cursor)));
  if (isReverse) yield* waiting.toReversed();
  const [start, end] = isReverse ? [range.before, range.after] : [range.after, range.before];
  const place = { database: core.database, group: group.id, reverse: isReverse };
  for await (const { value } of readRecords({ ...place, ...(start ? { after: start } : {}) })) {
    if (end && !isWithin(range, keyOf(value))) break;
    const item = showRecord(value);
    const isLeftOut = item?.kind === "message" && isBlocked(core, item.author);
    if (item && !isLeftOut) yield { ...item, ...readBy(item, readers) };
  }
  if (!isReverse) yield* waiting;
}

function isWithin({ after, before }: Range, key: TimelineKey): boolean {
  return (!after || compareKeys(key, after) > 0) && (!before || compareKeys(key, before) < 0);
}

/** Who says to have read a message. */
function readBy(item: TimelineItem, readers: ReadonlyMap<InboxId, TimelineKey>): Pick<ListedItem, "readBy"> {
  if (item.kind !== "message" || item.epoch === undefined || readers.size === 0) return {};
  const key = keyOfCursor(item.cursor);
  const by = [...readers].filter(([inbox, upTo]) => inbox !== item.author && compareKeys(upTo, key) >= 0);
  return by.length === 0 ? {} : { readBy: by.map(([inbox]) => inbox) };
}

/** Drops waiting messages that have a place, too: they were sealed while their page was read. */
function withoutRepeats(items: readonly TimelineItem[]): TimelineItem[] {
  const placed = new Set(
    items.flatMap((item) => (item.kind === "message" && item.epoch !== undefined ? [item.id] : [])),
  );
  return items.filter((item) => item.kind !== "message" || item.epoch !== undefined || !placed.has(item.id));
}

/** Says how far own messages are that are on their way. */
function deliveries(intents: readonly Intent[]): Map<MessageId, Delivery> {
  return new Map(
    intents.flatMap(({ action, acknowledged, progress }) => {
      if (action.kind !== "send") return [];
      const sealed = progress.kind === "sealed" ? "sealed" : "queued";
      return [[action.message, acknowledged ? "acknowledged" : sealed] as const];
    }),
  );
}
