import type { IntentRecord } from "./stage.ts";
import type { View } from "./view.ts";

/**
 * Delivered messages of which a current member, who has been one since before the message's epoch opened, has no
 * trace: neither the text nor its deletion nor a gap, fenced or rejected entry.
 */
export function countLost(params: {
  sent: readonly IntentRecord[];
  /** Of everyone who knows the group: they tell in which epoch a message stands. */
  views: readonly View[];
  view: View;
  /** Envelopes that the client refused: each may have been one of the messages. */
  rejected: number;
}): number {
  const { sent, views, view, rejected } = params;
  const held = new Set(view.items.flatMap((item) => (item.kind === "message" ? [item.id] : [])));
  const excuses = new Map<number, number>();
  for (const item of view.items) {
    if (item.kind === "gap") excuses.set(item.epoch, (excuses.get(item.epoch) ?? 0) + 1);
  }
  let missing = 0;
  for (const { messageId, outcome } of sent) {
    if (messageId === undefined || outcome?.kind !== "delivered" || held.has(messageId)) continue;
    const epoch = epochOf({ messageId, views });
    if (epoch !== undefined && epoch < view.state.joinedEpoch) continue;
    const excused = epoch === undefined ? 0 : (excuses.get(epoch) ?? 0);
    if (epoch !== undefined && excused > 0) excuses.set(epoch, excused - 1);
    else missing += 1;
  }
  return Math.max(0, missing - rejected);
}

/** The lowest epoch in which anyone holds the message. */
function epochOf(params: { messageId: string; views: readonly View[] }): number | undefined {
  const epochs = params.views.flatMap(({ items }) =>
    items.flatMap((item) =>
      item.kind === "message" && item.id === params.messageId ? (item.epoch ?? []) : [],
    ),
  );
  return epochs.length === 0 ? undefined : Math.min(...epochs);
}
