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
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { readMessage } from "./readMessage.ts";
import { readRelated } from "./relationStore.ts";
import { timelineWrites } from "./timelineStore.ts";

/** What is related to a message and erased at once; what is left goes in the next step, and the message with it. */
const RELATED_AT_ONCE = 64;

/**
 * Lets one message disappear that is due: its parts, its words, its edits and reactions, and what the outbox has of
 * them. Id, place, author and relation stay, and so do deletions, since they are in the digest. An own message that is
 * still on its way stays until it has been delivered for so long. `more`: call it again, much is related to the message.
 * Call it from within the group's queue.
 */
export async function eraseExpired(params: {
  core: ChangingCore;
  group: Group;
  message: MessageId;
  /** The time under which it was found due. */
  atMs: number;
  nowMs: number;
}): Promise<"done" | "more"> {
  const { core, group, message, atMs } = params;
  const row = tables.expiry.del({ at: atMs, group: group.id, id: message });
  const record = await readMessage({ database: core.database, group: group.id, id: message });
  const isDue = record?.expiry?.atMs === atMs && !record.isExpired;
  const { change, isWhole } = isDue
    ? await erasing({ ...params, record })
    : { change: { writes: [row] }, isWhole: true };
  await changeGroup({ core, group, change });
  return isWhole ? "done" : "more";
}

async function erasing(params: {
  core: ChangingCore;
  group: Group;
  record: MessageRecord;
  nowMs: number;
}): Promise<{ readonly change: GroupChange; readonly isWhole: boolean }> {
  const { core, group, record, nowMs } = params;
  const { expiry, ...others } = record;
  if (expiry && group.view.intents.some((intent) => isSendOf(intent, record.id))) {
    const atMs = nowMs + expiry.seconds * 1000;
    return { change: putting(group, { ...record, expiry: { ...expiry, atMs } }), isWhole: true };
  }
  // Whatever changes a message that stays, stays with it.
  if (goesWithTarget(record.content) && (await isThere({ core, group: group.id, record }))) {
    return { change: putting(group, others), isWhole: true };
  }
  const place = { database: core.database, group: group.id, target: record.id };
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
  group: Group;
  relation: RelationRecord;
}): Promise<GroupChange> {
  const { core, group, relation } = params;
  const message = sourceOf(relation) as MessageId;
  const record = await readMessage({ database: core.database, group: group.id, id: message });
  const forget: TimelineChange = { kind: "forget-relation", relation };
  const { writes } = timelineWrites({ group: group.id, changes: [forget] });
  const change = record ? putting(group, expired(record)) : {};
  return mergeChanges({ writes }, change, await forgotten({ core, message }));
}

function putting(group: Group, record: MessageRecord): GroupChange {
  return timelineWrites({ group: group.id, changes: [{ kind: "put", record }] });
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
