import assert from "node:assert/strict";
import { test } from "node:test";
import type { GroupChange } from "../../src/client/group/changeGroup.ts";
import { mergeChanges } from "../../src/client/group/mergeChanges.ts";
import type { GroupRecord, HeadId } from "../../src/reconciler/records/records.ts";
import { asId, type GroupId } from "../../src/wire/ids.ts";
import { testIntent } from "../support/testIntent.ts";

const head = (byte: number): HeadId => asId<GroupId>(new Uint8Array(32).fill(byte));
const event = (byte: number) => ({ kind: "group", group: head(byte) as GroupId }) as const;

test("lists of several changes are joined in their order", () => {
  const merged = mergeChanges({ events: [event(1)], droppedEpochs: [head(1)] }, {}, { events: [event(2)] });
  assert.deepEqual(merged, { events: [event(1), event(2)], droppedEpochs: [head(1)] });
});

test("what no change has is not there, and an empty list stays one", () => {
  assert.deepEqual(mergeChanges({}, {}), {});
  assert.deepEqual(mergeChanges({ droppedDead: [] }, { copy: undefined }), { droppedDead: [] });
});

test("of a record, and of an intent, the later change stands; what must be on disk at once stays so", () => {
  const [a, b] = [{ epoch: 1 } as GroupRecord, { epoch: 2 } as GroupRecord];
  const action = { kind: "leave" } as const;
  const [one, two] = [testIntent({ action, sequence: 1 }), testIntent({ action, sequence: 2 })];
  const changed = { ...one, racesLost: 1 };
  const first: GroupChange = { record: a, intents: [one, two], sync: true };
  const merged = mergeChanges(first, { record: b, intents: [changed], sync: false });
  assert.deepEqual(merged, { record: b, intents: [two, changed], sync: true });
});

test("dead runs of the later change stand for their parent, and the topic is read anew if any change says so", () => {
  const [one, other] = [new Map([[head(1), []]]), new Map([[head(2), []]])];
  const merged = mergeChanges({ dead: one, topicAnew: [] }, { dead: other });
  assert.deepEqual(merged, { dead: new Map([...one, ...other]), topicAnew: [] });
});
