import type { GroupId, Hex, MessageId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import type { Group } from "./groups/group.ts";
import { readRecords } from "./messages/timelineStore.ts";
import { unsealedRecord } from "./outbox/unsealedRecord.ts";
import { keyOfCursor, showRecord, type TimelineItem } from "./timeline/timelineItem.ts";

/** How far an own message is; undefined for others' and for those that were delivered. */
export type Delivery = "queued" | "sealed" | "acknowledged" | undefined;
export type ListedItem = TimelineItem & { readonly delivery: Delivery };

/**
 * A page of the timeline from the local database, in its order; own messages that wait to be sealed come last.
 * `after`: the cursor of the last item that one has. Throws `bad-cursor`, `unknown-group`.
 */
export async function listMessages(params: {
  client: Client;
  group: GroupId;
  after?: Hex;
  limit?: number;
}): Promise<ListedItem[]> {
  const { client, after, limit = Number.POSITIVE_INFINITY } = params;
  const core = coreOf(client);
  const group = groupOf(core, params.group);
  const from = after === undefined ? {} : { after: keyOfCursor(after) };
  const items: ListedItem[] = [];
  for await (const { value } of readRecords({ database: core.database, group: group.id, ...from })) {
    if (items.length >= limit) return items;
    const item = showRecord(value);
    if (item) items.push({ ...item, delivery: deliveryOf(group, item) });
  }
  return [...items, ...waiting(group)].slice(0, limit);
}

function deliveryOf(group: Group, item: TimelineItem): Delivery {
  const intent = item.kind === "message" ? intentOf(group, item.id) : undefined;
  if (!intent) return undefined;
  if (intent.acknowledged) return "acknowledged";
  return intent.progress.kind === "sealed" ? "sealed" : "queued";
}

function intentOf({ view }: Group, message: MessageId) {
  return view.intents.find(({ action }) => action.kind === "send" && action.message === message);
}

/** Own messages that were never sealed: those sealed again have their place already. */
function waiting({ view }: Group): ListedItem[] {
  return view.intents.flatMap(({ action, progress, replaces }): ListedItem[] => {
    if (action.kind !== "send" || progress.kind !== "queued" || replaces.length > 0) return [];
    const item = showRecord(unsealedRecord({ action, record: view.record }));
    return item ? [{ ...item, delivery: "queued" }] : [];
  });
}
