import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { branchOf } from "../../src/reconciler/branch/branch.ts";
import { leavesOf } from "../../src/reconciler/branch/leaves.ts";
import { nextAction } from "../../src/reconciler/intents/nextAction.ts";
import type { EntryRecord, HeadId } from "../../src/reconciler/records/records.ts";
import type { Verdict } from "../../src/reconciler/records/verdict.ts";
import { staggerMs } from "../../src/reconciler/upkeep/stagger.ts";
import {
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type InboxId,
  type InstallationKey,
} from "../../src/wire/ids.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const group = testId<GroupId>(0xf0);
const [bob, carol, dave] = [testId<InboxId>(0xb), testId<InboxId>(0xc), testId<InboxId>(0xd)];
const member = (inbox: InboxId) => ({ inbox, installation: inbox as string as InstallationKey });
const rotates: Verdict = { kind: "adopted", epoch: 0, writer: member(bob), adds: [], removes: [] };
const adds: Verdict = { ...rotates, adds: [member(dave)] };
const leaves = (inbox: InboxId): Verdict => ({
  kind: "control",
  epoch: 0,
  writer: member(inbox),
  instruction: { kind: "leave" },
});

/** Entries that stand below each other where they are adopted, controls beside their successors. */
function history(verdicts: readonly Verdict[], start = 0) {
  const entries = new Map<HeadId, EntryRecord>();
  let head: HeadId = group;
  let epoch = 0;
  for (const [i, verdict] of verdicts.entries()) {
    const id = testId<EntryId>(i + 1);
    const block = { number: i, hash: "0x", time: 0 } as const;
    const authority = asAddress(`0x${"00".repeat(20)}`);
    entries.set(id, { id, parent: head, index: 0, authority, block, logIndex: 0, verdict });
    if (verdict.kind === "control" || verdict.kind === "dead") continue;
    head = id;
    epoch++;
  }
  const first = start === 0 ? group : ([...entries.keys()][start - 1] ?? group);
  const branch = branchOf({ record: { head, epoch, start: { head: first, epoch: start } }, entries });
  return leavesOf({ branch, entries });
}

test("a Leave counts until an Add, which makes all forget it, and is not forgotten by its writer", () => {
  assert.deepEqual([...history([rotates, leaves(bob), rotates]).leavers], [bob]);
  const forgotten = history([rotates, leaves(bob), adds]);
  assert.deepEqual([...forgotten.leavers], []);
  assert.deepEqual([...forgotten.asked], [bob]);
  assert.deepEqual([...history([rotates, leaves(bob), adds, leaves(carol), rotates]).leavers], [carol]);
  assert.deepEqual([...history([adds, leaves(bob), leaves(carol)]).leavers], [bob, carol]);
});

test("who joined by an Add knows the same leavers as those before it", () => {
  const before = history([rotates, leaves(bob), adds, leaves(carol)]);
  const start: Verdict = { kind: "before-start", epoch: 2 };
  const joined = history([{ kind: "before-start", epoch: 1 }, { kind: "dead" }, start, leaves(carol)], 2);
  assert.deepEqual([...joined.leavers], [...before.leavers]);
});

test("the first in rank acts at once, the wait of the others grows with the logarithm", () => {
  const able = Array.from({ length: 40 }, (_, i) => testId<InboxId>(i + 1) as string as InstallationKey);
  const waits = able.map((self) => staggerMs({ subject: bob, self, able })).sort((a, b) => a - b);
  assert.equal(waits.filter((ms) => ms === 0).length, 1);
  assert.deepEqual(
    waits.slice(0, 8).map((ms) => ms / 2_000),
    [0, 1, 1, 2, 2, 2, 2, 3],
  );
  assert.equal((waits.at(-1) ?? 0) / 2_000, 5);
  const other = able.find((self) => staggerMs({ subject: carol, self, able }) === 0);
  assert.notEqual(
    other,
    able.find((self) => staggerMs({ subject: bob, self, able }) === 0),
  );
  fc.assert(
    fc.property(fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1 }), (keys) => {
      const some = keys.map((key) => asId<InstallationKey>(key));
      assert.ok(some.some((self) => staggerMs({ subject: bob, self, able: some }) === 0));
    }),
    { numRuns: 20 },
  );
});

const view: Parameters<typeof nextAction>[0]["view"] = {
  ...{ status: "member" as const, isRevoked: false, hasLeft: false, caughtUp: true, children: 0, block: 100 },
  ...{
    head: testId<EntryId>(1),
    standstillAtMs: Number.POSITIVE_INFINITY,
    isWidened: false,
    isAgreed: true,
    canSeal: true,
    isAwaiting: false,
  },
  ...{ isCopied: false, isOrphaned: false },
};
const send = (sequence: number) =>
  testIntent({
    sequence,
    action: { kind: "send", message: testId<EntryId>(9) as never, content: {} as never },
  });

test("who has left does nothing more but ask again", () => {
  const at = { view: { ...view, hasLeft: true }, nowMs: 0 };
  const rotate = testIntent({ action: { kind: "rotate" } });
  for (const intent of [send(1), rotate]) {
    assert.deepEqual(nextAction({ intents: [intent], ...at }), {
      kind: "fail",
      intent,
      reason: "not-a-member",
    });
  }
  const again = testIntent({ action: { kind: "leave" } });
  assert.equal(nextAction({ intents: [again], ...at }).kind, "stage");
  const out = { view: { ...at.view, status: "removed" }, nowMs: 0 } as const;
  assert.deepEqual(nextAction({ intents: [again], ...out }), {
    kind: "fail",
    intent: again,
    reason: "not-a-member",
  });
});

test("messages overtake upkeep and deletions, but not a Leave or a removal", () => {
  const at = { view, nowMs: 0 };
  const deletion = testIntent({
    sequence: 1,
    action: { kind: "delete", message: testId<EntryId>(9) as never, author: bob },
  });
  const upkeep = testIntent({ sequence: 1, action: { kind: "upkeep" } });
  for (const intent of [deletion, upkeep]) {
    assert.equal(nextAction({ intents: [intent], ...at }).kind, "stage");
    assert.equal(nextAction({ intents: [intent, send(2)], ...at }).kind, "seal");
  }
  const leave = testIntent({ sequence: 1, action: { kind: "leave" } });
  assert.equal(nextAction({ intents: [leave, send(2)], ...at }).kind, "stage");
  const rotate = testIntent({ sequence: 2, action: { kind: "rotate" } });
  assert.deepEqual(nextAction({ intents: [deletion, rotate], ...at }), { kind: "stage", intent: deletion });
});
