import assert from "node:assert/strict";
import {
  compareKeys,
  type Deletion,
  type GapRecord,
  keyOf,
  type MessageRecord,
  type Opening,
  type TimelineChange,
  type TimelineRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import { changeDeletion } from "../../src/reconciler/timeline/changeDeletion.ts";
import { type EpochDigest, epochDigest } from "../../src/reconciler/timeline/epochDigest.ts";
import { insertGap } from "../../src/reconciler/timeline/insertGap.ts";
import {
  changeOpenings,
  insertMessage,
  type Surroundings,
} from "../../src/reconciler/timeline/insertMessage.ts";
import { cursorOf } from "../../src/reconciler/timeline/timelineItem.ts";
import type { ApplicationMessage } from "../../src/wire/applicationMessage.ts";
import type { EntryId, EnvelopeHash, MessageId } from "../../src/wire/ids.ts";

/** The timeline's pure changes, carried out on maps as the client carries them out on its database. */
export type TimelineInMemory = {
  readonly open: (message: ApplicationMessage & { readonly id: MessageId }, opening: Opening) => void;
  readonly reopen: (id: MessageId, change: (openings: readonly Opening[]) => readonly Opening[]) => void;
  readonly gap: (gap: GapRecord) => void;
  readonly control: (deletion: Deletion, stands: boolean) => void;
  /** In order. */
  readonly records: () => TimelineRecord[];
  readonly digest: (params: { entry: EntryId; epoch: number }) => EpochDigest;
  /** Records written or dropped by the last change. */
  readonly touched: () => number;
};

export function timelineInMemory(): TimelineInMemory {
  const records = new Map<string, TimelineRecord>();
  const places = new Map<string, string>();
  const deletions = new Map<MessageId, Map<string, Deletion>>();
  const replaced = new Map<EnvelopeHash, MessageId>();
  let touched = 0;

  const at = (id: string) => records.get(places.get(id) ?? "");
  const messageAt = (id: MessageId) => at(id) as MessageRecord | undefined;
  const sourceOf = ({ source }: Deletion) => (source.kind === "own" ? source.message : source.entry);
  const deletionsOf = (id: MessageId, except?: string) =>
    [...(deletions.get(id)?.values() ?? [])].filter((one) => sourceOf(one) !== except);

  function around(message: Pick<ApplicationMessage, "content"> & { id: MessageId }): Surroundings {
    const { body } = message.content;
    const target = body.kind === "delete-own" ? body.message : undefined;
    return {
      record: messageAt(message.id),
      deletions: deletionsOf(message.id),
      target: target && messageAt(target),
      targetDeletions: target ? deletionsOf(target, message.id) : [],
    };
  }

  function carryOut(changes: readonly TimelineChange[]): void {
    touched = 0;
    for (const change of changes) {
      if (change.kind === "put" || change.kind === "drop") place(change);
      if (change.kind === "remember-replaced") replaced.set(change.envelope, change.by);
      if (change.kind === "remember-deletion" || change.kind === "forget-deletion") remember(change);
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

  function remember({ kind, deletion }: Extract<TimelineChange, { deletion: Deletion }>): void {
    const known = deletions.get(deletion.target) ?? new Map<string, Deletion>();
    deletions.set(deletion.target, known);
    if (kind === "remember-deletion") known.set(sourceOf(deletion), deletion);
    else known.delete(sourceOf(deletion));
  }

  return {
    open: (message, opening) => {
      const gaps = [...message.replaces, opening.envelope].map(at).filter((one) => one?.kind === "gap");
      carryOut(insertMessage({ message, opening, found: { ...around(message), gaps } }));
    },
    reopen: (id, change) => {
      const record = messageAt(id);
      if (!record) return;
      carryOut(changeOpenings({ openings: change(record.openings), found: { ...around(record), record } }));
    },
    gap: (gap) => carryOut(insertGap({ gap, replacedBy: replaced.get(gap.envelope) })),
    control: (deletion, stands) => {
      const target = messageAt(deletion.target);
      const others = deletionsOf(deletion.target, sourceOf(deletion));
      carryOut(changeDeletion({ deletion, stands, target, others }));
    },
    records: () => [...records.values()].sort((a, b) => compareKeys(keyOf(a), keyOf(b))),
    digest: ({ entry, epoch }) =>
      epochDigest({ entry, records: [...records.values()].filter((one) => keyOf(one).epoch === epoch) }),
    touched: () => touched,
  };
}
