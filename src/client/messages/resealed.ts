import type { Intent } from "../../reconciler/records/intent.ts";
import { type Opening, sourceOf, type TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import { isShown } from "../../reconciler/timeline/timelineItem.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { MessageId } from "../../wire/ids.ts";
import { MAX_REPLACES } from "../../wire/limits.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readMessage } from "./readMessage.ts";
import { readOwn } from "./relationStore.ts";
import { sendOf, withdrawnWrites } from "./withdrawn.ts";

/**
 * Opens the sends of messages again whose epoch has vanished. The messages are sealed to the present epoch under the
 * same id, and only for people who were to read them before.
 */
export async function resealed(params: {
  core: CoreParts<"database">;
  group: Group;
  /** The messages to seal again, each with its sealings, which are undone. */
  messages: ReadonlyMap<MessageId, readonly Opening[]>;
  /** Intents that are changed otherwise in the same batch. */
  except: readonly Intent[];
}): Promise<{ intents: Intent[]; droppedPublications: Publication[]; writes: Write[] }> {
  const { core, group, messages, except } = params;
  if (messages.size === 0) return { intents: [], droppedPublications: [], writes: [] };
  const changed = new Set(except.map(({ id }) => id));
  const intents: Intent[] = [];
  for (const [message, openings] of messages) {
    const intent = await sendOf({ core, message });
    if (!intent || intent.group !== group.id || changed.has(intent.id)) continue;
    intents.push(...queuedAgain(intent, openings));
  }
  intents.sort((a, b) => a.sequence - b.sequence);
  const open = new Set(intents.map(({ id }) => id));
  const droppedPublications = group.view.publications.filter(({ record }) => open.has(record.intent));
  return { intents, droppedPublications, writes: withdrawnWrites(droppedPublications) };
}

/**
 * Opens the sends of those relations of this client again that no longer reach their target, because the target stands
 * in a later epoch now. They are sealed to that epoch, too, if all who read that epoch were to read them before.
 */
export async function relatedAgain(params: {
  core: CoreParts<"database" | "self">;
  /** The database as it will be once the change is written. */
  database: Database;
  group: Group;
  changes: readonly TimelineChange[];
}): Promise<Intent[]> {
  const { core, database, group, changes } = params;
  const { members } = group.view.record;
  const by = core.self.inbox;
  const intents: Intent[] = [];
  for (const change of changes) {
    if (change.kind !== "put" || change.record.kind !== "message" || !isShown(change.record.content))
      continue;
    const [{ epoch, verdict }] = change.record.openings;
    if (verdict !== "counts") continue;
    const own = await readOwn({ database, group: group.id, target: change.record, by });
    for (const relation of own.filter((one) => one.epoch < epoch)) {
      const message = sourceOf(relation) as MessageId;
      const record = await readMessage({ database, group: group.id, id: message });
      const intent = await sendOf({ core, message });
      if (!record || intent?.group !== group.id || intent.audience === undefined) continue;
      if (members.every((inbox) => intent.audience?.includes(inbox)))
        intents.push(...queuedAgain(intent, record.openings));
    }
  }
  return intents;
}

/**
 * The send of a message as it is before it is sealed; nothing for one that waits already, has failed or has disappeared.
 */
function queuedAgain(intent: Intent, openings: readonly Opening[]): Intent[] {
  const { action, progress } = intent;
  if (progress.kind === "queued" || (action.kind === "send" && action.isExpired)) return [];
  if (progress.kind === "settled" && progress.outcome.kind === "failed") return [];
  const replaces = [...new Set([...intent.replaces, ...openings.map(({ envelope }) => envelope)])];
  return [
    {
      ...intent,
      progress: { kind: "queued" },
      replaces: replaces.slice(-MAX_REPLACES),
      acknowledged: false,
    },
  ];
}
