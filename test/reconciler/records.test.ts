import assert from "node:assert/strict";
import { test } from "node:test";
import { WeftError } from "../../src/errors.ts";
import { asInvitee, failed, isOpen, isOrdered } from "../../src/reconciler/records/intent.ts";
import { isFinal, type Outcome, type RejectReason } from "../../src/reconciler/records/outcome.ts";
import {
  compareKeys,
  endOf,
  type GapReason,
  keyOf,
  type TimelineRecord,
} from "../../src/reconciler/records/timelineRecord.ts";
import type { EntryId, EnvelopeHash, InboxId, MessageId } from "../../src/wire/ids.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const message = testId<never>(1) as MessageId;
const rejected = (reason: RejectReason): Outcome => ({ kind: "rejected", reason });
const gap = (reason: GapReason): Outcome => ({ kind: "gap", epoch: 1, reason });

test("what an envelope says itself is final; what other bytes, receipts or entries may change is not", () => {
  const final: Outcome[] = [
    { kind: "opened", epoch: 1, message },
    { kind: "pending", epoch: 1, message },
    { kind: "fenced", epoch: 1, message },
    { kind: "confirmation", epoch: 1 },
    { kind: "own", message },
    gap("keys-gone"),
    ...(["malformed", "stranger", "bad-signature", "replayed", "wrong-group", "wrong-author"] as const).map(
      rejected,
    ),
  ];
  const open: Outcome[] = [
    { kind: "held" },
    { kind: "before-start" },
    ...(["too-late", "does-not-open"] as const).map(gap),
    ...(["no-receipt", "not-held", "unknown-head", "dead-branch"] as const).map(rejected),
  ];
  assert.deepEqual(
    final.filter((one) => !isFinal(one)),
    [],
  );
  assert.deepEqual(open.filter(isFinal), []);
});

test("somebody is named by an inbox or by a wallet, by the length alone", () => {
  const wallet = `0x${"ab".repeat(20)}` as const;
  const inbox = `0x${"ab".repeat(32)}` as const;
  assert.deepEqual([asInvitee(wallet), asInvitee(inbox)], [wallet, inbox]);
  for (const bytes of [0, 19, 21, 31, 33]) {
    const isRefused = (error: unknown) => error instanceof WeftError && error.code === "malformed";
    assert.throws(() => asInvitee(`0x${"ab".repeat(bytes)}`), isRefused, `${bytes} bytes`);
  }
});

test("an intent that fails in its middle first welcomes those whom it has taken in", () => {
  const intent = testIntent({ action: { kind: "add", members: [] } });
  const whole = failed(intent, "no-key-package");
  assert.deepEqual(whole.progress, {
    kind: "settled",
    outcome: { kind: "failed", reason: "no-key-package" },
  });
  const half = failed({ ...intent, landed: [testId<EntryId>(1)] }, "no-key-package");
  assert.deepEqual(half.progress, { kind: "landed", failure: "no-key-package" });
  assert.deepEqual([isOpen(intent), isOpen(half), isOpen(whole)], [true, true, false]);
});

test("all but messages goes to the chain", () => {
  const content = {} as never;
  assert.equal(isOrdered(testIntent({ action: { kind: "leave" } })), true);
  assert.equal(isOrdered(testIntent({ action: { kind: "send", content, message } })), false);
});

test("an epoch begins with what opened it, goes on by depth and id, and ends with what is missing", () => {
  const entry = testId<EntryId>(9);
  const at = (epoch: number): TimelineRecord => ({
    ...{ kind: "membership", epoch, entry, by: testId<InboxId>(1), atMs: 0, changes: [] },
  });
  const said = (epoch: number, depth: number, digit: number): TimelineRecord => ({
    ...{ kind: "again", id: testId<never>(digit) as MessageId, epoch, depth, entries: [], deleted: false },
  });
  const missing: TimelineRecord = {
    ...{
      kind: "gap",
      envelope: testId<never>(0) as EnvelopeHash,
      epoch: 1,
      entry,
      reason: "too-late",
      atMs: 0,
    },
  };
  const inOrder = [at(1), said(1, 1, 3), said(1, 2, 1), said(1, 2, 2), said(1, 10, 1), missing, at(2)];
  const shuffled = [4, 0, 6, 2, 5, 1, 3].map((i) => inOrder[i] as TimelineRecord);
  assert.deepEqual(
    shuffled.sort((a, b) => compareKeys(keyOf(a), keyOf(b))),
    inOrder,
  );
  assert.ok(compareKeys(keyOf(missing), endOf(1)) < 0);
  assert.ok(compareKeys(endOf(1), keyOf(at(2))) < 0);
  assert.equal(compareKeys(keyOf(missing), keyOf(missing)), 0);
});
