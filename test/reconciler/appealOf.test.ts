import assert from "node:assert/strict";
import { test } from "node:test";
import type { EntryRecord, GroupStatus } from "../../src/reconciler/records/records.ts";
import { appealOf, mayProve } from "../../src/reconciler/upkeep/appealOf.ts";
import { viewOfGroup } from "../../src/reconciler/view/viewOfGroup.ts";
import type { EntryId, InboxId } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { adopted, entry, id, lineage, other, self, viewWith } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";

/** In by entry 2; entry 3, in block 3, cuts this client off. */
const cut = entry(3, 2, { kind: "cut-off", reason: "does-not-open" });

function appeal(params: { more?: readonly EntryRecord[]; status?: GroupStatus; agreed?: number }) {
  const { more = [], status = "cut-off", agreed = 3 } = params;
  const entries = [...lineage, cut, ...more];
  const { record } = viewWith({ status, entries });
  const view = viewOfGroup({
    ...{ record, entries: new Map(entries.map((one) => [one.id, one])), dead: new Map(), intents: [] },
    ...{ publications: [], staged: new Map() },
    held: { rows: new Map(), bytes: 0, nextArrival: 0, unheld: undefined },
  });
  return appealOf({ group: { view, agreed: { number: agreed, hash: "0x", time: 0 } }, self });
}

function asked(at: number, about: EntryId, by = self, kind: "request" | "evidence" = "request"): EntryRecord {
  const writer = { inbox: testId<InboxId>(1), installation: by };
  const instruction = { kind, entry: about } as never;
  return entry(at, 2, { kind: "control", epoch: 2, writer, instruction });
}

test("whoever is cut off has to say so; a member, or one who was removed, has not", () => {
  assert.deepEqual(appeal({}), { kind: "to-make", contested: cut });
  for (const status of ["member", "removed", "paused"] as const)
    assert.deepEqual(appeal({ status }), { kind: "none" }, status);
});

test("what this client has said itself, of that entry, counts: a request or evidence", () => {
  const made = { kind: "made", contested: cut };
  assert.deepEqual(appeal({ more: [asked(4, cut.id)] }), made);
  assert.deepEqual(appeal({ more: [asked(4, cut.id, self, "evidence")] }), made);
  assert.equal(appeal({ more: [asked(4, cut.id, other)] }).kind, "to-make", "another one's");
  assert.equal(appeal({ more: [asked(4, id(9))] }).kind, "to-make", "about another entry");
  const leave = { kind: "leave" } as const;
  const writer = { inbox: testId<InboxId>(1), installation: self };
  const left = entry(4, 2, { kind: "control", epoch: 2, writer, instruction: leave });
  assert.equal(appeal({ more: [left] }).kind, "to-make", "another word");
});

test("in time is what can land within the window, by the head that others agree to", () => {
  const last = cut.block.number + VOID_BLOCKS;
  assert.equal(appeal({ agreed: last - 1 }).kind, "to-make", "the next block is the last one");
  assert.equal(appeal({ agreed: last }).kind, "too-late");
  assert.equal(appeal({ agreed: last, more: [asked(4, cut.id)] }).kind, "made", "what is made stays made");
});

test("only a secret that gives all keys makes evidence", () => {
  const reasons = ["bad-confirmation-tag", "other-authority", "does-not-open"];
  const proving = reasons.filter((reason) => mayProve(entry(3, 2, { kind: "cut-off", reason })));
  assert.deepEqual(proving, ["bad-confirmation-tag", "other-authority"]);
  assert.equal(mayProve(entry(3, 2, adopted(3, other))), false);
});
