import type { GroupId } from "../../wire/ids.ts";
import type { Intent } from "../records/intent.ts";
import { cursorOf, isShown, saidBy, showParts, type TimelineItem } from "../timeline/timelineItem.ts";

/** A number after all epochs that will ever be. */
const WAITING_EPOCH = Number.MAX_SAFE_INTEGER;

/**
 * Shows an own message that was never sealed, as an app sees it: after all others, in the order of the outbox.
 * `undefined` for any other intent: a message that is sealed again keeps its place.
 */
export function waitingItem({ action, progress, replaces, sequence }: Intent): TimelineItem | undefined {
  if (action.kind !== "send" || progress.kind !== "queued" || replaces.length > 0) return undefined;
  const { message: id, content } = action;
  if (!isShown(content)) return undefined;
  const cursor = cursorOf({ epoch: WAITING_EPOCH, rank: sequence, id });
  return {
    ...{ kind: "message", cursor, epoch: undefined, id, state: "visible" },
    ...saidBy(content),
    ...showParts(content.parts),
  };
}

/** The app shows the item, or takes it away. */
type WaitingEvent = {
  readonly kind: "shown" | "hidden";
  readonly group: GroupId;
  readonly item: TimelineItem;
};

/**
 * Lists the events for an app when its messages come into the outbox, and when they leave it for their place in the
 * timeline or for good.
 */
export function waitingEvents(params: {
  group: GroupId;
  /** Open intents before the change. */
  before: readonly Intent[];
  changed: readonly Intent[];
}): WaitingEvent[] {
  const { group, before, changed } = params;
  const ids = new Set(changed.map(({ id }) => id));
  const known = new Map(before.filter(({ id }) => ids.has(id)).map((intent) => [intent.id, intent]));
  return changed.flatMap((intent): WaitingEvent[] => {
    const old = known.get(intent.id);
    const [gone, come] = [old && waitingItem(old), waitingItem(intent)];
    if (gone && !come) return [{ kind: "hidden", group, item: gone }];
    return come && !gone ? [{ kind: "shown", group, item: come }] : [];
  });
}
