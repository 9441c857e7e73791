import { waitingItem } from "../reconciler/intents/waitingItem.ts";
import type { Intent } from "../reconciler/records/intent.ts";
import { compareKeys, keyOf, type TimelineKey } from "../reconciler/records/timelineRecord.ts";
import { keyOfCursor, showRecord, type TimelineItem } from "../reconciler/timeline/timelineItem.ts";
import type { GroupId, Hex, MessageId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import { isBlocked } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import { readRecords } from "./messages/timelineStore.ts";

/** How far an own message is; undefined for others' and for those that were delivered. */
export type Delivery = "queued" | "sealed" | "acknowledged" | undefined;
export type ListedItem = TimelineItem & { readonly delivery: Delivery };

type Range = { readonly after: TimelineKey | undefined; readonly before: TimelineKey | undefined };

/**
 * Lists a page of the timeline from the local database, in its order; own messages that wait to be sealed come last. It
 * reads what it gives, however long the timeline is; what blocked inboxes say is left out. Throws `bad-cursor`, `unknown-group`.
 */
export async function listMessages(params: {
  client: Client;
  group: GroupId;
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
  const { id, intents } = groupToList(core, params.group);
  const range = { after: after && keyOfCursor(after), before: before && keyOfCursor(before) };
  const items: TimelineItem[] = [];
  for await (const item of itemsOf({ core, group: id, intents, range, isReverse: from === "end" })) {
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

/** A group that another device has told of has a timeline, and nothing that waits to be sent. */
function groupToList(core: CoreParts<"groups" | "toldGroups">, id: GroupId) {
  if (!core.groups.has(id) && core.toldGroups.has(id)) return { id, intents: [] };
  return { id, intents: groupOf(core, id).view.intents };
}

async function* itemsOf(params: {
  core: CoreParts<"consents" | "database">;
  group: GroupId;
  intents: readonly Intent[];
  range: Range;
  isReverse: boolean;
}): AsyncGenerator<TimelineItem> {
  const { core, group, intents, range, isReverse } = params;
  const waiting = intents
    .flatMap((intent) => waitingItem(intent) ?? [])
    .filter(({ cursor }) => isWithin(range, keyOfCursor(cursor)));
  if (isReverse) yield* waiting.toReversed();
  const [start, end] = isReverse ? [range.before, range.after] : [range.after, range.before];
  const place = { database: core.database, group, reverse: isReverse };
  for await (const { value } of readRecords({ ...place, ...(start ? { after: start } : {}) })) {
    if (end && !isWithin(range, keyOf(value))) break;
    const item = showRecord(value);
    if (item && !(item.kind === "message" && isBlocked(core, item.author))) yield item;
  }
  if (!isReverse) yield* waiting;
}

function isWithin({ after, before }: Range, key: TimelineKey): boolean {
  return (!after || compareKeys(key, after) > 0) && (!before || compareKeys(key, before) < 0);
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
