import { type Intent, isOpen } from "../../reconciler/records/intent.ts";
import {
  type MessageRecord,
  type RelationRecord,
  sourceOf,
  type TimelineChange,
} from "../../reconciler/records/timelineRecord.ts";
import { expired, goesWithTarget, withoutBody } from "../../reconciler/timeline/expiry.ts";
import type { GroupId, MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { readMessage } from "./readMessage.ts";
import { readRelated } from "./relationStore.ts";
import { timelineWrites } from "./timelineStore.ts";

/** What is related to a message and erased at once; what is left goes in the next step, and the message with it. */
const RELATED_AT_ONCE = 64;

/**
 * Lets one message disappear that is due: its parts, its words, its edits and reactions, and what the outbox has of
 * them. Id, place, author and relation stay, and so do deletions, since they are in the digest. An own message that is
 * still on its way stays until it has been delivered for so long. Gives the change of one step, which is to be written
 * from within the same queue; as long as it is not whole, another step is due.
 */
export async function eraseExpired(params: {
  core: CoreParts<"database">;
  group: GroupId;
  /** The group's open intents. */
  intents: readonly Intent[];
  message: MessageId;
  /** The time under which it was found due. */
  atMs: number;
  nowMs: number;
}): Promise<Erasing> {
  const { core, group, message, atMs } = params;
  const record = await readMessage({ database: core.database, group, id: message });
  const isDue = record?.expiry?.atMs === atMs && !record.isExpired;
  if (isDue) return await erasing({ ...params, record });
  return { change: { writes: [tables.expiry.del({ at: atMs, group, id: message })] }, isWhole: true };
}

/** What one step changes; `isWhole`: the message needs no other step. */
export type Erasing = { readonly change: GroupChange; readonly isWhole: boolean };

async function erasing(params: {
  core: CoreParts<"database">;
  group: GroupId;
  intents: readonly Intent[];
  record: MessageRecord;
  nowMs: number;
}): Promise<Erasing> {
  const { core, group, intents, record, nowMs } = params;
  const { expiry, ...others } = record;
  if (expiry && intents.some((intent) => isSendOf(intent, record.id))) {
    const atMs = nowMs + expiry.seconds * 1000;
    return { change: putting(group, { ...record, expiry: { ...expiry, atMs } }), isWhole: true };
  }
  // Whatever changes a message that stays, stays with it.
  if (goesWithTarget(record.content) && (await isThere({ core, group, record }))) {
    return { change: putting(group, others), isWhole: true };
  }
  const place = { database: core.database, group, target: record.id };
  const related = await readRelated({ ...place, limit: RELATED_AT_ONCE });
  const gone = await Promise.all(related.map((relation) => erased({ core, group, relation })));
  if (related.length === RELATED_AT_ONCE) return { change: mergeChanges(...gone), isWhole: false };
  const own = await forgotten({ core, message: record.id });
  return { change: mergeChanges(...gone, putting(group, expired(record)), own), isWhole: true };
}

function isSendOf({ action }: Intent, message: MessageId): boolean {
  return action.kind === "send" && action.message === message;
}

/** True if the message to which this one does something is there, and has not disappeared. */
async function isThere(params: {
  core: CoreParts<"database">;
  group: GroupId;
  record: MessageRecord;
}): Promise<boolean> {
  const { core, group, record } = params;
  const target = record.content.relation?.target;
  const found = target && (await readMessage({ database: core.database, group, id: target }));
  return found !== undefined && !found.isExpired;
}

/** Erases what one edit or reaction said, and that it did something. */
async function erased(params: {
  core: CoreParts<"database">;
  group: GroupId;
  relation: RelationRecord;
}): Promise<GroupChange> {
  const { core, group, relation } = params;
  const message = sourceOf(relation) as MessageId;
  const record = await readMessage({ database: core.database, group, id: message });
  const forget: TimelineChange = { kind: "forget-relation", relation };
  const { writes } = timelineWrites({ group, changes: [forget] });
  const change = record ? putting(group, expired(record)) : {};
  return mergeChanges({ writes }, change, await forgotten({ core, message }));
}

function putting(group: GroupId, record: MessageRecord): GroupChange {
  return timelineWrites({ group, changes: [{ kind: "put", record }] });
}

/** Takes what an own message said out of the outbox, once it is out. */
async function forgotten(params: { core: CoreParts<"database">; message: MessageId }): Promise<GroupChange> {
  const { core, message } = params;
  const sequence = await tables.sendPlace.get(core.database, { message });
  const intent = sequence === undefined ? undefined : await tables.outbox.get(core.database, { sequence });
  if (!intent || isOpen(intent) || intent.action.kind !== "send") return {};
  const action = { ...intent.action, content: withoutBody(intent.action.content), isExpired: true } as const;
  return { intents: [{ ...intent, action }] };
}
