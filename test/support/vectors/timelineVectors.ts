import assert from "node:assert/strict";
import {
  compareKeys,
  type GapRecord,
  keyOf,
  type MembershipRecord,
  type MessageRecord,
  type MissedRecord,
  type Opening,
  type RelationRecord,
  type TimelineRecord,
} from "../../../src/reconciler/records/timelineRecord.ts";
import { judgeParents } from "../../../src/reconciler/timeline/judgeParents.ts";
import { showRecord } from "../../../src/reconciler/timeline/timelineItem.ts";
import type { EntryId, EnvelopeHash } from "../../../src/wire/ids.ts";
import { messageIdOf } from "../../../src/wire/messageContent.ts";
import { timelineInMemory } from "../timelineInMemory.ts";
import { contentOfJson, type JsonContent } from "./contentOfJson.ts";
import type { VectorFile } from "./vectorFile.ts";

/** The facts of a timeline, in whatever order they reach a client. */
type TimelineInput = {
  /** The entry that opened each epoch. */
  readonly epochs: readonly { readonly epoch: number; readonly entry: EntryId }[];
  readonly messages: readonly {
    readonly content: JsonContent;
    readonly replaces: readonly EnvelopeHash[];
    readonly openings: readonly Opening[];
  }[];
  readonly gaps: readonly GapRecord[];
  /** By controls that were adopted. */
  readonly deletions: readonly RelationRecord[];
  readonly others: readonly (MembershipRecord | MissedRecord)[];
};

export type TimelineVectors = VectorFile<object, TimelineInput>;

/** Order, states, and digests; the same from the first fact to the last and from the last to the first. */
export function replayTimeline({ input }: { input: TimelineInput }): unknown {
  const shown = play(input, (facts) => facts);
  assert.deepEqual(
    play(input, (facts) => facts.toReversed()),
    shown,
  );
  return shown;
}

function play(input: TimelineInput, order: (facts: (() => void)[]) => (() => void)[]) {
  const timeline = timelineInMemory();
  const facts = [
    ...input.messages.flatMap((message) => {
      const content = contentOfJson(message.content);
      return message.openings.map((opening) => () => {
        timeline.open({ ...message, id: messageIdOf(content), content }, opening);
      });
    }),
    ...input.gaps.map((gap) => () => timeline.gap(gap)),
    ...input.deletions.map((deletion) => () => timeline.control(deletion, true)),
  ];
  for (const tell of order(facts)) tell();
  const records = [...timeline.records(), ...input.others].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
  return {
    records: records.map((record) => showAll(record, records)),
    digests: input.epochs.map((one) => ({ epoch: one.epoch, ...timeline.digest(one) })),
  };
}

/** What an app is shown, how a message stands to its parents, and what no app is shown, by its id alone. */
function showAll(record: TimelineRecord, records: readonly TimelineRecord[]) {
  const parents = record.kind === "message" ? parentsOf(record, records) : undefined;
  const shown = showRecord(record) ?? { kind: "not shown", ...keyOf(record) };
  return { ...shown, parents };
}

function parentsOf(record: MessageRecord, records: readonly TimelineRecord[]) {
  const messages = records.filter((one) => one.kind === "message");
  const parents = record.content.parents.map((parent) => messages.find(({ id }) => id === parent));
  return judgeParents({ record, parents });
}
