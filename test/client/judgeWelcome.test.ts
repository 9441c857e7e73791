import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeWelcome } from "../../src/client/joining/judgeWelcome.ts";
import { adopted, before, dead, entry, id, lineage, other, self, viewWith } from "../support/testBranch.ts";

test("a Welcome to the entry that one came in by is over, in the group and out of it", () => {
  for (const status of ["joining", "member", "removed", "cut-off"] as const) {
    const view = viewWith({ status, entries: lineage });
    assert.equal(judgeWelcome({ view, entry: id(2), self, hasEntered: true }), "over", status);
  }
});

test("who is out enters by what is behind its head or not read yet, never by what lies before", () => {
  for (const status of ["removed", "cut-off"] as const) {
    const entries = [
      ...lineage,
      entry(3, 2, adopted(3, other)),
      entry(4, 3, adopted(4, other)),
      entry(5, 4, dead),
    ];
    const view = viewWith({ status, entries, head: 3 });
    const verdicts = [1, 2, 3, 4, 5, 6].map((at) =>
      judgeWelcome({ view, entry: id(at), self, hasEntered: false }),
    );
    assert.deepEqual(verdicts, ["over", "over", "over", "enter", "enter", "enter"], status);
  }
});

test("a member who is alone on its entry enters a later one on another branch, and none else", () => {
  const entries = [...lineage, entry(3, 1, dead), entry(4, 2, adopted(3, self)), entry(5, 3, dead)];
  const view = viewWith({ status: "member", entries, head: 4, epoch: 3 });
  const verdicts = [1, 3, 4, 5, 6].map((at) =>
    judgeWelcome({ view, entry: id(at), self, hasEntered: false }),
  );
  assert.deepEqual(verdicts, ["wait", "enter", "over", "enter", "wait"]);
  const followed = entries.map((one) => (one.id === id(4) ? entry(4, 2, adopted(3, other)) : one));
  const inCompany = viewWith({ status: "member", entries: followed, head: 4, epoch: 3 });
  assert.equal(judgeWelcome({ view: inCompany, entry: id(5), self, hasEntered: false }), "wait");
});

test("who waits for a vanished entry enters by one that is there", () => {
  const view = viewWith({ status: "joining", entries: [entry(1, 0, before(1)), entry(3, 1, dead)] });
  assert.deepEqual(
    [3, 4].map((at) => judgeWelcome({ view, entry: id(at), self, hasEntered: false })),
    ["enter", "wait"],
  );
});

test("a replaced installation enters by whatever takes the new one in", () => {
  const view = viewWith({ status: "member", entries: lineage, isFormer: true });
  assert.equal(judgeWelcome({ view, entry: id(2), self, hasEntered: false }), "enter");
});
