import type { InboxId, ListedItem } from "../../index.ts";
import { formatItem, type Mark } from "./formatItem.ts";
import type { Names } from "./names.ts";

/** A line of history; one's own messages with how far they are. */
export function formatListed(params: {
  item: ListedItem;
  names: Names;
  self: InboxId;
  /** What the message that it answers says, if that is known. */
  answers?: string | undefined;
}): string {
  return formatItem({ ...params, mark: markOf(params) });
}

export function markOf(params: { item: ListedItem; self: InboxId }): Mark {
  const { item, self } = params;
  if (item.kind !== "message" || item.author !== self) return "none";
  if (item.delivery === undefined) return "delivered";
  return item.delivery === "acknowledged" ? "acknowledged" : "queued";
}
