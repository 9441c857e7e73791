import type { Intent } from "../../reconciler/records/intent.ts";
import type { MessageRecord, Opening } from "../../reconciler/records/timelineRecord.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * Keeps the envelopes that no node has acknowledged and whose epoch has vanished. The message is sealed again; but if
 * the epoch returns, this client counts the first sealing there, too, so others have to get it.
 */
export function withdrawnWrites(publications: readonly Publication[]): Write[] {
  const unsent = publications.filter(({ record }) => record.state === "pending");
  return unsent.map((one) => {
    const { group, hash } = one.record;
    return tables.withdrawn.put({ group, envelope: hash }, one);
  });
}

/** Publishes those sealings of this client's message after all that were withdrawn and count again. */
export async function publishReturned(params: {
  core: CoreParts<"database" | "self">;
  group: Group;
  message: Pick<MessageRecord, "id" | "content">;
  /** Its sealings whose verdict has changed. */
  openings: readonly Opening[];
}): Promise<Required<Pick<GroupChange, "intents" | "publications" | "writes">>> {
  const { core, group, message, openings } = params;
  const { database, self } = core;
  const intents: Intent[] = [];
  const publications: Publication[] = [];
  const writes: Write[] = [];
  if (message.content.installation !== self.installation.key) return { intents, publications, writes };
  for (const { entry, envelope, verdict } of openings) {
    const key = { group: group.id, envelope };
    const withdrawn = verdict === "void" ? undefined : await tables.withdrawn.get(database, key);
    const intent = withdrawn && (await sendOf({ core, message: message.id }));
    if (!withdrawn || !intent) continue;
    publications.push(withdrawn);
    writes.push(tables.withdrawn.del(key));
    const isWaiting = intent.progress.kind === "queued" || intent.progress.kind === "sealed";
    if (!isWaiting) intents.push({ ...intent, progress: { kind: "sealed", head: entry, envelope } });
  }
  return { intents, publications, writes };
}

/** Finds the send of a message. */
export async function sendOf(params: {
  core: CoreParts<"database">;
  message: MessageId;
}): Promise<Intent | undefined> {
  const { core, message } = params;
  const sequence = await tables.sendPlace.get(core.database, { message });
  return sequence === undefined ? undefined : await tables.outbox.get(core.database, { sequence });
}
