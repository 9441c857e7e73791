import { relationKinds } from "../../wire/relation.ts";
import type { MessageRecord, RelationRecord, TimelineChange } from "../records/timelineRecord.ts";
import type { Relations } from "./applyRelations.ts";
import { placeAgain } from "./placeMessage.ts";

/**
 * Lets what is related to a message stand or fall: by a message, or by a control entry that was adopted or that a
 * reorganization took away. What is related to a message not yet seen is remembered until it comes.
 */
export function changeRelation(params: {
  /** Of one source: as they were and as they are. */
  before: readonly RelationRecord[];
  after: readonly RelationRecord[];
  target: MessageRecord | undefined;
  /** To the same target from other sources, of this kind: those of this inbox, or all deletions. */
  others: Relations;
}): TimelineChange[] {
  const { before, after, target, others } = params;
  const [relation] = [...after, ...before];
  if (!relation || isSame(before, after)) return [];
  const remembered = [
    ...before.map((one) => ({ kind: "forget-relation", relation: one }) as const),
    ...after.map((one) => ({ kind: "remember-relation", relation: one }) as const),
  ];
  if (!target || relation.kind === relationKinds.read) return remembered;
  const known = { ...others, relations: [...others.relations, ...after] };
  const [record, ...again] = placeAgain({ ...relation, record: target, known });
  const records = shows(record) === shows(target) ? again : [record, ...again];
  return [...remembered, ...records.map((one) => ({ kind: "put", record: one }) as const)];
}

function isSame(before: readonly RelationRecord[], after: readonly RelationRecord[]): boolean {
  const wordOf = (relations: readonly RelationRecord[]) =>
    relations.map(({ state, epoch }) => `${state} ${epoch}`).join();
  return wordOf(before) === wordOf(after);
}

/** What relations make of a message. */
function shows({ deleted, isHidden, edit, reactions }: MessageRecord): string {
  return JSON.stringify([deleted, isHidden, edit?.message, reactions]);
}
