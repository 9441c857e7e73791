import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "../../src/reconciler/intents/backoff.ts";
import { waitingChanges, waitingItem } from "../../src/reconciler/intents/waitingItem.ts";
import type { Action, Intent } from "../../src/reconciler/records/intent.ts";
import { compareKeys, endOf } from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { keyOfCursor } from "../../src/reconciler/timeline/timelineItem.ts";
import type {
  EntryId,
  EnvelopeHash,
  GroupId,
  InboxId,
  InstallationKey,
  MessageId,
} from "../../src/wire/ids.ts";
import { deletes, says } from "../support/contents.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const group = testId<GroupId>(7);
const text = says("Hello");

function send(sequence: number, changes: Partial<Intent> = {}, body: MessageBody = text): Intent {
  const action: Action = {
    kind: "send",
    message: testId<never>(sequence) as MessageId,
    content: {
      ...{ group, inbox: testId<InboxId>(1), installation: testId<InstallationKey>(2), nonce: "0x" },
      ...{ depth: 1, parents: [], sentAtMs: 5, ...body },
    },
  };
  return testIntent({ action, sequence, ...changes });
}

const sealed = {
  progress: { kind: "sealed", head: testId<EntryId>(1), envelope: testId<never>(3) as EnvelopeHash },
} as const;

test("a message that was never sealed is shown as it is, in no epoch", () => {
  const item = waitingItem(send(4));
  assert.ok(item?.kind === "message");
  assert.deepEqual([item.epoch, item.text, item.state, item.sentAtMs], [undefined, "Hello", "visible", 5]);
});

test("nothing else waits in the timeline: what is sealed, is sealed again, or is no text", () => {
  assert.equal(waitingItem(send(4, sealed)), undefined);
  assert.equal(waitingItem(send(4, { replaces: [testId<never>(9) as EnvelopeHash] })), undefined);
  assert.equal(waitingItem(send(4, {}, deletes(testId<never>(9) as MessageId))), undefined);
  assert.equal(waitingItem(testIntent({ action: { kind: "leave" } })), undefined);
});

test("what waits stands behind all epochs, in the order of the outbox", () => {
  const keys = [10, 9].map((sequence) => keyOfCursor(waitingItem(send(sequence))?.cursor ?? "0x"));
  const [tenth, ninth] = keys;
  assert.ok(tenth && ninth);
  assert.ok(compareKeys(ninth, tenth) < 0);
  assert.ok(compareKeys(ninth, endOf(2 ** 48)) > 0);
});

test("an app hears of it when it comes into the outbox and when it leaves it, once each", () => {
  const heard = (before: readonly Intent[], changed: readonly Intent[]) =>
    waitingChanges({ before, changed }).map(({ kind, key }) => `${kind} ${key.id}`);
  const id = testId(4);
  assert.deepEqual(heard([], [send(4)]), [`shown ${id}`]);
  assert.deepEqual(heard([send(4)], [send(4, { attempts: 1 })]), [], "it waits on");
  assert.deepEqual(heard([send(4)], [send(4, sealed)]), [`hidden ${id}`]);
  assert.deepEqual(heard([send(4, sealed)], [send(4, sealed)]), []);
  assert.deepEqual(
    heard([send(4), send(5)], [send(5, sealed)]),
    [`hidden ${testId(5)}`],
    "others are not told of",
  );
});

test("a wait grows by doubling up to its cap, by what chance gives", () => {
  const wait = (attempt: number, chance: number) =>
    backoffMs({ baseMs: 250, capMs: 5_000, attempt, chance: () => chance });
  assert.deepEqual(
    [0, 1, 2, 4, 5, 1_000].map((attempt) => wait(attempt, 1)),
    [250, 500, 1_000, 4_000, 5_000, 5_000],
  );
  assert.deepEqual([wait(3, 0), wait(3, 0.5)], [0, 1_000]);
});
