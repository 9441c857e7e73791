import type { InboxId, MessageId } from "../../wire/ids.ts";
import { MAX_REACTIONS_PER_INBOX } from "../../wire/limits.ts";
import type { Part } from "../../wire/part.ts";
import { relationKinds } from "../../wire/relation.ts";
import {
  compareRelations,
  isTold,
  type MessageRecord,
  type Reaction,
  type RelationRecord,
} from "../records/timelineRecord.ts";

/** Relations to one message: the greatest of each register, at least, and the parts of the edits among them. */
export type Relations = {
  readonly relations: readonly RelationRecord[];
  readonly edits: ReadonlyMap<MessageId, readonly Part[]>;
};

/**
 * The relations that act on a message: what another device has told acts on what a device has told, and never on a
 * message that this client has opened, since others could not see the same.
 */
export function actingOn(record: Pick<MessageRecord, "openings">, known: Relations): Relations {
  if (isTold(record)) return known;
  return { ...known, relations: known.relations.filter(({ state }) => state !== "told") };
}

/** Whether the timeline still shows an author's message that was sealed to this epoch. */
export function deletionOf(params: {
  author: InboxId;
  relations: readonly RelationRecord[];
  epoch: number;
}): { readonly deleted: boolean; readonly isHidden?: true } {
  const { author, relations, epoch } = params;
  const reaching = relations.filter(
    (one) => isBy(one, author) && one.kind === relationKinds.delete && one.epoch >= epoch,
  );
  const deleted = reaching.some(counts);
  return {
    deleted,
    ...(!deleted && reaching.some(({ state }) => state === "pending") ? { isHidden: true } : {}),
  };
}

/** Controls were judged when they were adopted, authors may always; whoever else names a message does nothing to it. */
function isBy({ source, inbox }: RelationRecord, author: InboxId): boolean {
  return source.kind === "control" || inbox === author;
}

/** What stands in place of what an author's message said first, if anything. */
export function editOf(params: {
  author: InboxId;
  known: Relations;
  epoch: number;
}): Pick<MessageRecord, "edit"> {
  const { author, known, epoch } = params;
  const edits = known.relations.filter(
    (one) => one.kind === relationKinds.edit && one.inbox === author && counts(one),
  );
  const last = edits.toSorted(compareRelations).at(-1);
  if (last?.source.kind !== "own" || last.epoch < epoch) return {};
  const { message } = last.source;
  const parts = known.edits.get(message);
  return parts ? { edit: { message, parts } } : {};
}

/**
 * The reactions of one inbox that are set. Of its registers that reach the epoch the last ones count, by their latest
 * epochs and then in their own order: see MAX_REACTIONS_PER_INBOX. Whoever joined later has the same ones.
 */
export function reactionsOf(params: {
  inbox: InboxId;
  relations: readonly RelationRecord[];
  epoch: number;
}): Reaction[] {
  const { inbox, relations, epoch } = params;
  const reaching = relations.filter(
    (one) => one.kind === relationKinds.react && one.inbox === inbox && counts(one) && one.epoch >= epoch,
  );
  const registers = Map.groupBy(reaching, ({ register }) => register).values();
  const last = [...registers].flatMap((register) => register.toSorted(compareRelations).slice(-1));
  const counting = last.toSorted(compareRegisters).slice(-MAX_REACTIONS_PER_INBOX);
  return counting.flatMap(({ isSet, key }) => (isSet ? [{ inbox, key }] : []));
}

function compareRegisters(a: RelationRecord, b: RelationRecord): number {
  return a.epoch - b.epoch || (a.register < b.register ? -1 : 1);
}

function counts({ state }: RelationRecord): boolean {
  return state === "counts" || state === "told";
}
