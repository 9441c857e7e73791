import assert from "node:assert/strict";
import {
  compareKeys,
  type GapRecord,
  keyOf,
  type MessageRecord,
  type Opening,
  type RelationRecord,
  sourceOf,
  type TimelineChange,
  type TimelineRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import type { Relations } from "../../src/reconciler/timeline/applyRelations.ts";
import { changeRelation } from "../../src/reconciler/timeline/changeRelation.ts";
import { type EpochDigest, epochDigest } from "../../src/reconciler/timeline/epochDigest.ts";
import { insertGap } from "../../src/reconciler/timeline/insertGap.ts";
import {
  changeOpenings,
  insertMessage,
  insertTold,
  type Surroundings,
} from "../../src/reconciler/timeline/insertMessage.ts";
import { type RelationRules, relationRules } from "../../src/reconciler/timeline/relationsOf.ts";
import { cursorOf } from "../../src/reconciler/timeline/timelineItem.ts";
import type { ApplicationMessage } from "../../src/wire/applicationMessage.ts";
import { asId, type EntryId, type EnvelopeHash, type MessageId } from "../../src/wire/ids.ts";
import { relationKinds } from "../../src/wire/relation.ts";

/** The timeline's pure changes, carried out on maps as the client carries them out on its database. */
export type TimelineInMemory = {
  readonly open: (message: ApplicationMessage & { readonly id: MessageId }, opening: Opening) => void;
  /** Another device has told of a message, in the place of this opening. */
  readonly tell: (message: ApplicationMessage & { readonly id: MessageId }, place: Opening) => void;
  readonly reopen: (id: MessageId, change: (openings: readonly Opening[]) => readonly Opening[]) => void;
  readonly gap: (gap: GapRecord) => void;
  readonly control: (deletion: RelationRecord, stands: boolean) => void;
  /** In order. */
  readonly records: () => TimelineRecord[];
  readonly digest: (params: { entry: EntryId; epoch: number }) => EpochDigest;
  /** Records written or dropped by the last change. */
  readonly touched: () => number;
};

/** `rules`: the kinds of relations that it knows. */
export function timelineInMemory(rules: RelationRules = relationRules): TimelineInMemory {
  const records = new Map<string, TimelineRecord>();
  const places = new Map<string, string>();
  const related = new Map<MessageId, Map<string, RelationRecord>>();
  const replaced = new Map<EnvelopeHash, MessageId>();
  let touched = 0;

  const at = (id: string) => records.get(places.get(id) ?? "");
  const messageAt = (id: MessageId) => at(id) as MessageRecord | undefined;

  function relationsTo(target: MessageId, fits: (one: RelationRecord) => boolean): Relations {
    const relations = [...(related.get(target)?.values() ?? [])].filter(
      (one) => one.state !== "void" && fits(one),
    );
    const edits = relations.flatMap(({ source }) => {
      const edit = source.kind === "own" ? messageAt(source.message) : undefined;
      return edit ? [[edit.id, edit.content.parts] as const] : [];
    });
    return { relations, edits: new Map(edits) };
  }

  const othersOf = (
    target: MessageId | undefined,
    one: Pick<RelationRecord, "kind" | "inbox">,
    source: string,
  ) =>
    relationsTo(target ?? asId(new Uint8Array(32)), (other) => {
      const isBeside = other.kind === one.kind && sourceOf(other) !== source;
      return isBeside && (one.kind === relationKinds.delete || other.inbox === one.inbox);
    });

  function around({ id, content }: Pick<ApplicationMessage, "content"> & { id: MessageId }): Surroundings {
    const { inbox, relation } = content;
    return {
      record: messageAt(id),
      known: relationsTo(id, () => true),
      target: relation?.target && messageAt(relation.target),
      others: othersOf(relation?.target, { kind: relation?.kind ?? 0, inbox }, id),
    };
  }

  function carryOut(changes: readonly TimelineChange[]): void {
    touched = 0;
    for (const change of changes) {
      if (change.kind === "put" || change.kind === "drop") place(change);
      if (change.kind === "remember-replaced") replaced.set(change.envelope, change.by);
      if (change.kind === "remember-relation" || change.kind === "forget-relation") remember(change);
    }
  }

  function place({ kind, record }: Extract<TimelineChange, { kind: "put" | "drop" }>): void {
    const key = keyOf(record);
    const cursor = cursorOf(key);
    touched++;
    if (kind === "put") {
      records.set(cursor, structuredClone(record));
      if (record.kind !== "again") places.set(key.id, cursor);
    } else {
      assert.ok(records.delete(cursor), "only what stands there can be dropped");
      if (record.kind !== "again") places.delete(key.id);
    }
  }

  function remember({ kind, relation }: Extract<TimelineChange, { relation: RelationRecord }>): void {
    const known = related.get(relation.target) ?? new Map<string, RelationRecord>();
    related.set(relation.target, known);
    const key = `${sourceOf(relation)} ${relation.state} ${relation.epoch}`;
    if (kind === "remember-relation") known.set(key, relation);
    else assert.ok(known.delete(key), "only what is remembered can be forgotten");
  }

  return {
    open: (message, opening) => {
      const gaps = [...message.replaces, opening.envelope].map(at).filter((one) => one?.kind === "gap");
      carryOut(insertMessage({ message, opening, found: { ...around(message), gaps }, rules }));
    },
    tell: (message, { epoch, entry }) =>
      carryOut(insertTold({ message, told: { epoch, entry, origin: "archive" }, found: around(message) })),
    reopen: (id, change) => {
      const record = messageAt(id);
      if (!record) return;
      const found = { ...around(record), record };
      carryOut(changeOpenings({ openings: change(record.openings), found, rules }));
    },
    gap: (gap) => carryOut(insertGap({ gap, replacedBy: replaced.get(gap.envelope) })),
    control: (deletion, stands) => {
      const target = messageAt(deletion.target);
      const others = othersOf(deletion.target, deletion, sourceOf(deletion));
      const [before, after] = stands ? [[], [deletion]] : [[deletion], []];
      carryOut(changeRelation({ before, after, target, others }));
    },
    records: () => [...records.values()].sort((a, b) => compareKeys(keyOf(a), keyOf(b))),
    digest: ({ entry, epoch }) =>
      epochDigest({ entry, records: [...records.values()].filter((one) => keyOf(one).epoch === epoch) }),
    touched: () => touched,
  };
}
