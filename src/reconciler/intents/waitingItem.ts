import type { Intent } from "../records/intent.ts";
import type { TimelineKey } from "../records/timelineRecord.ts";
import { cursorOf, isShown, saidBy, showParts, type TimelineItem } from "../timeline/timelineItem.ts";

/** A number after all epochs that will ever be. */
const WAITING_EPOCH = Number.MAX_SAFE_INTEGER;

/**
 * Shows an own message that was never sealed, as an app sees it: after all others, in the order of the outbox.
 * `undefined` for any other intent: a message that is sealed again keeps its place.
 */
export function waitingItem(intent: Intent): TimelineItem | undefined {
  const key = waitingKey(intent);
  const { action } = intent;
  if (!key || action.kind !== "send") return undefined;
  const { message: id, content } = action;
  return {
    ...{ kind: "message", cursor: cursorOf(key), epoch: undefined, id, state: "visible" },
    ...saidBy(content),
    ...showParts(content.parts),
  };
}

function waitingKey({ action, progress, replaces, sequence }: Intent): TimelineKey | undefined {
  if (action.kind !== "send" || progress.kind !== "queued" || replaces.length > 0) return undefined;
  if (!isShown(action.content)) return undefined;
  return { epoch: WAITING_EPOCH, rank: sequence, id: action.message };
}

/** True for the place of a message that waits; its rank is the intent's place in the outbox. */
export function isWaitingPlace({ epoch }: TimelineKey): boolean {
  return epoch === WAITING_EPOCH;
}

type WaitingChange = { readonly kind: "shown" | "hidden"; readonly key: TimelineKey };

/**
 * Lists the places of an app's messages that come into the outbox (`shown`), and of those that leave it for their place
 * in the timeline or for good (`hidden`).
 */
export function waitingChanges(params: {
  /** Open intents before the change. */
  before: readonly Intent[];
  changed: readonly Intent[];
}): WaitingChange[] {
  const { before, changed } = params;
  const ids = new Set(changed.map(({ id }) => id));
  const known = new Map(before.filter(({ id }) => ids.has(id)).map((intent) => [intent.id, intent]));
  return changed.flatMap((intent): WaitingChange[] => {
    const old = known.get(intent.id);
    const [gone, come] = [old && waitingKey(old), waitingKey(intent)];
    if (gone && !come) return [{ kind: "hidden", key: gone }];
    return come && !gone ? [{ kind: "shown", key: come }] : [];
  });
}
