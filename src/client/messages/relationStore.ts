import {
  compareRelations,
  isTold,
  type MessageRecord,
  type RelationRecord,
  sourceOf,
} from "../../reconciler/records/timelineRecord.ts";
import type { Relations } from "../../reconciler/timeline/applyRelations.ts";
import { registerOf } from "../../reconciler/timeline/relationsOf.ts";
import { valuesOf } from "../../store/client/table.ts";
import type { FieldValues } from "../../store/keys.ts";
import type { Database } from "../../store/openDatabase.ts";
import { type GroupId, type Hex, ID_BYTES, type InboxId, type MessageId } from "../../wire/ids.ts";
import { MAX_REACTIONS_PER_INBOX } from "../../wire/limits.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import type { Part } from "../../wire/part.ts";
import { isStanding, relationKinds } from "../../wire/relation.ts";
import { tables } from "../database/tables.ts";
import { readMessage } from "./readMessage.ts";

/** How many rows are read at once: all that count of one inbox, and some whose place later rows have taken. */
const REACTIONS_AT_ONCE = 2 * MAX_REACTIONS_PER_INBOX + 2;

type Place = { readonly database: Database; readonly group: GroupId };
type Target = Place & {
  readonly target: MessageId;
  /** Relations of this source are left out. */
  readonly source?: Hex | undefined;
};
type Key = typeof tables.relation.record.key;

const ZERO: Hex = `0x${"00".repeat(ID_BYTES)}`;
/** In the place of an inbox: a control. */
const BY_CONTROL = ZERO;
/** Relations that act or hide, those that are undone, and those that another device has told. */
const states = { counts: 0, pending: 1, void: 2, told: 3 } as const;

/** The key of a relation's row. */
export function relationKey(group: GroupId, relation: RelationRecord) {
  const { target, kind, inbox, register, epoch, revision } = relation;
  return {
    ...{ group, target, state: states[relation.state], kind },
    ...{ by: relation.source.kind === "own" ? inbox : BY_CONTROL, epoch, register, revision },
    source: sourceOf(relation),
  };
}

/**
 * Reads what is related to a message: the greatest of each register that can count. `isTold`: the message was told by
 * another device, so relations that were told count, too.
 */
export async function readKnown(
  params: Target & { content: MessageContent; isTold: boolean },
): Promise<Relations> {
  const { content, isTold } = params;
  const { inbox } = content;
  if (!isStanding(content) || !(await hasAny(params))) return { relations: [], edits: new Map() };
  const relations = [
    ...(await readDeletions({ ...params, author: inbox })),
    ...(await readEditsBy({ ...params, by: inbox })),
    ...(await readReactions({ ...params, state: "counts" })),
    ...(isTold ? await readReactions({ ...params, state: "told" }) : []),
  ];
  return { relations, edits: await readEdits({ ...params, relations }) };
}

/** Reads what other sources do to a message by relations of one kind: one inbox's, or all deletions. */
export async function readOthers(
  params: Place & {
    target: MessageRecord | undefined;
    kind: number | undefined;
    inbox: InboxId;
    source: Hex;
  },
): Promise<Relations> {
  const { target, kind, inbox } = params;
  const nothing: Relations = { relations: [], edits: new Map() };
  if (!target) return nothing;
  const at = { ...params, target: target.id, isTold: isTold(target) };
  switch (kind) {
    case relationKinds.delete:
      return { ...nothing, relations: await readDeletions({ ...at, author: target.content.inbox }) };
    case relationKinds.edit: {
      const relations = await readEditsBy({ ...at, by: inbox });
      return { relations, edits: await readEdits({ ...at, relations }) };
    }
    case relationKinds.react: {
      const relations = await readReactions({ ...at, state: "counts", by: inbox });
      const told = at.isTold ? await readReactions({ ...at, state: "told", by: inbox }) : [];
      return { ...nothing, relations: [...relations, ...told] };
    }
    default:
      return nothing;
  }
}

/** Reads what an inbox does to a message as things stand: its reactions, and the edit and deletion of its own. */
export async function readOwn(
  params: Place & { target: MessageRecord; by: InboxId },
): Promise<RelationRecord[]> {
  const { target, by } = params;
  const at = { ...params, target: target.id, state: "counts" as const };
  if (!(await hasAny(at))) return [];
  const reactions = await readReactions(at);
  if (target.content.inbox !== by) return reactions;
  const edit = await greatest({ ...at, kind: relationKinds.edit });
  return [...reactions, ...edit, ...(await greatest({ ...at, kind: relationKinds.delete }))];
}

/**
 * Reads the deletions of a message by a control and those by its author. Of each it gives the one that counts and the
 * one that is pending, where there are several the one that reaches the latest epoch.
 */
async function readDeletions(
  params: Target & { author: InboxId; isTold?: boolean },
): Promise<RelationRecord[]> {
  const found: RelationRecord[] = [];
  for (const by of [BY_CONTROL, params.author]) {
    for (const state of ["counts", "pending", ...(params.isTold ? ["told" as const] : [])] as const) {
      found.push(...(await greatest({ ...params, state, kind: relationKinds.delete, by })));
    }
  }
  return found;
}

/** Reads the edit of an inbox that wins, and of a message that was told the one that was told, too. */
async function readEditsBy(params: Target & { by: InboxId; isTold: boolean }): Promise<RelationRecord[]> {
  const edits = { ...params, kind: relationKinds.edit };
  const counting = await greatest({ ...edits, state: "counts" });
  return params.isTold ? [...counting, ...(await greatest({ ...edits, state: "told" }))] : counting;
}

async function hasAny({ database, group, target }: Target): Promise<boolean> {
  for await (const _ of tables.relation.rows(database, { under: { group, target }, limit: 1 })) return true;
  return false;
}

async function greatest(
  params: Target & { state: RelationRecord["state"]; kind: number; by: Hex },
): Promise<RelationRecord[]> {
  const { database, group, target, state, kind, by, source } = params;
  const under = { group, target, state: states[state], kind, by };
  // A source has one row of each state.
  const rows = await valuesOf(tables.relation.rows(database, { under, reverse: true, limit: 2 }));
  return rows.filter((one) => sourceOf(one) !== source).slice(0, 1);
}

/**
 * Reads the reactions of every inbox, or only of the inbox `by`. Of each inbox it gives the last registers, as many as
 * count and one more, since the source that is left out may have one of them.
 */
async function readReactions(
  params: Target & { state: "counts" | "told"; by?: InboxId },
): Promise<RelationRecord[]> {
  const { database, group, target, state, by, source } = params;
  const kind = relationKinds.react;
  const under = { group, target, state: states[state], kind, ...(by ? { by } : {}) };
  const found: RelationRecord[] = [];
  const registers = new Set<Hex>();
  let after: FieldValues<Key> | undefined;
  for (;;) {
    const query = { under, reverse: true, limit: REACTIONS_AT_ONCE, ...(after ? { after } : {}) };
    const rows = await valuesOf(tables.relation.rows(database, query));
    for (const relation of rows) {
      if (sourceOf(relation) === source) continue;
      if (relation.inbox !== found.at(-1)?.inbox) registers.clear();
      // In an earlier epoch, a register has nothing that counts.
      if (registers.size > MAX_REACTIONS_PER_INBOX || registers.has(relation.register)) continue;
      registers.add(relation.register);
      found.push(relation);
    }
    const last = rows.at(-1);
    if (!last || rows.length < REACTIONS_AT_ONCE) return found;
    const isKnown = last.inbox === found.at(-1)?.inbox && registers.has(last.register);
    const isFull = last.inbox === found.at(-1)?.inbox && registers.size > MAX_REACTIONS_PER_INBOX;
    // All further rows of this register in this epoch, or once there are enough all of this inbox, are passed over.
    after = {
      ...relationKey(group, last),
      ...(isKnown || isFull ? { revision: 0, source: ZERO } : {}),
      ...(isFull ? { epoch: 0, register: ZERO } : {}),
    };
  }
}

/** Reads edits of and reactions to a message, in whatever state; at most so many. */
export async function readRelated(
  params: Place & { target: MessageId; limit: number },
): Promise<RelationRecord[]> {
  const { database, group, target, limit } = params;
  const found: RelationRecord[] = [];
  for (const state of Object.values(states)) {
    for (const kind of [relationKinds.edit, relationKinds.react]) {
      const query = { under: { group, target, state, kind }, limit: limit - found.length };
      if (query.limit > 0) found.push(...(await valuesOf(tables.relation.rows(database, query))));
    }
  }
  return found;
}

/** What the edits among these relations say. */
async function readEdits(
  params: Place & { relations: readonly RelationRecord[] },
): Promise<ReadonlyMap<MessageId, readonly Part[]>> {
  const edits = new Map<MessageId, readonly Part[]>();
  for (const { kind, source } of params.relations) {
    if (kind !== relationKinds.edit || source.kind !== "own") continue;
    const record = await readMessage({ ...params, id: source.message });
    if (record) edits.set(record.id, record.content.parts);
  }
  return edits;
}

/** True for a message that a deletion names, of whatever epoch; silent messages can't be deleted. */
export async function isDeleted(
  params: Place & { id: MessageId; content: MessageContent },
): Promise<boolean> {
  const { id: target, content } = params;
  if (!isStanding(content)) return false;
  return (await readDeletions({ ...params, target, author: content.inbox })).length > 0;
}

/** True for a message that does something to another which its inbox has done anew since. */
export async function isSuperseded(
  params: Place & { id: MessageId; content: MessageContent },
): Promise<boolean> {
  const { id, content } = params;
  const { relation, inbox: by } = content;
  if (!relation?.target || relation.kind === relationKinds.delete) return false;
  const there = await readRegister({ ...params, ...registerOf(relation), target: relation.target, by });
  const own = there.find((one) => sourceOf(one) === id);
  const isLater = (one: RelationRecord) =>
    own !== undefined && one !== own && compareRelations({ ...one, epoch: 0 }, { ...own, epoch: 0 }) > 0;
  return there.some(isLater);
}

/** Reads all relations of one register: those that act, and those that are undone. */
export async function readRegister(
  params: Place & { target: MessageId; kind: number; by: InboxId; register: Hex },
): Promise<RelationRecord[]> {
  const { database, group, target, kind, by, register } = params;
  const found: RelationRecord[] = [];
  for (const state of Object.values(states)) {
    const under = { group, target, state, kind, by };
    found.push(...(await valuesOf(tables.relation.rows(database, { under }))));
  }
  return found.filter((one) => one.register === register);
}
