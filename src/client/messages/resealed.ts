import type { Intent } from "../../reconciler/records/intent.ts";
import type { Opening } from "../../reconciler/records/timelineRecord.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import type { MessageId } from "../../wire/ids.ts";
import { MAX_REPLACES } from "../../wire/limits.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * Makes messages be sent again whose epoch vanished: they go under the same id to the present epoch, and to nobody who
 * was not to read them.
 */
export async function resealed(params: {
  core: CoreParts<"database">;
  group: Group;
  /** The messages to seal again, each with its sealings, which are undone. */
  messages: ReadonlyMap<MessageId, readonly Opening[]>;
  /** Intents that are changed otherwise in the same batch. */
  except: readonly Intent[];
}): Promise<{ intents: Intent[]; droppedPublications: Publication[] }> {
  const { core, group, messages, except } = params;
  if (messages.size === 0) return { intents: [], droppedPublications: [] };
  const changed = new Set(except.map(({ id }) => id));
  const intents: Intent[] = [];
  for (const [message, openings] of messages) {
    const intent = await sendOf({ core, message });
    if (!intent || intent.group !== group.id || changed.has(intent.id)) continue;
    const { progress } = intent;
    if (progress.kind === "queued") continue;
    if (progress.kind === "settled" && progress.outcome.kind === "failed") continue;
    const replaces = [...new Set([...intent.replaces, ...openings.map(({ envelope }) => envelope)])];
    intents.push({
      ...intent,
      progress: { kind: "queued" },
      replaces: replaces.slice(-MAX_REPLACES),
      acknowledged: false,
    });
  }
  intents.sort((a, b) => a.sequence - b.sequence);
  const open = new Set(intents.map(({ id }) => id));
  const droppedPublications = group.view.publications.filter(({ record }) => open.has(record.intent));
  return { intents, droppedPublications };
}

async function sendOf(params: {
  core: CoreParts<"database">;
  message: MessageId;
}): Promise<Intent | undefined> {
  const { core, message } = params;
  const sequence = await tables.sendPlace.get(core.database, { message });
  return sequence === undefined ? undefined : await tables.outbox.get(core.database, { sequence });
}
