import assert from "node:assert/strict";
import { test } from "node:test";
import { formerHead } from "../../src/reconciler/view/formerHead.ts";
import type { EntryId } from "../../src/wire/ids.ts";
import { adopted, before, dead, entry, group, id, other, self, viewWith } from "../support/testBranch.ts";

const wholeAt = (...at: readonly number[]) => at.map((one) => ({ head: id(one), epoch: one }));
const enteredBy = (...rows: readonly (readonly [number, boolean])[]) =>
  new Map(rows.map(([at, isLeft]): [EntryId, { isLeft: boolean }] => [id(at), { isLeft }]));

/** In by 2 before, and by 5 after a removal in 4. */
const twice = [
  entry(1, 0, before(1)),
  entry(2, 1, before(2)),
  entry(3, 2, adopted(3, self)),
  entry(4, 3, adopted(4, other)),
  entry(5, 4, before(5)),
];

test("one goes back to the entry that one came in by before, else to the lowest epoch that is kept", () => {
  const view = viewWith({ status: "member", entries: twice, start: 5 });
  const whole = wholeAt(3, 2, 5);
  assert.equal(formerHead({ view, whole, entered: enteredBy([2, false], [5, false]) }), id(2));
  assert.equal(formerHead({ view, whole: wholeAt(3, 5), entered: enteredBy([2, false]) }), id(3));
  const creator = [{ head: group, epoch: 0 }, ...wholeAt(3, 5)];
  assert.equal(formerHead({ view, whole: creator, entered: enteredBy([5, false]) }), group);
});

test("there is none but by what is on the chain, before the present start and kept", () => {
  const view = viewWith({ status: "member", entries: twice, start: 2 });
  assert.equal(formerHead({ view, whole: wholeAt(2, 3, 5, 7), entered: enteredBy([5, false]) }), undefined);
  assert.equal(formerHead({ view, whole: [], entered: enteredBy([1, false], [2, false]) }), undefined);
});

test("what was left because the others refuse it is gone back to only if what it was left for is gone", () => {
  const entries = [entry(1, 0, before(1)), entry(2, 1, dead), entry(3, 2, dead)];
  const whole = wholeAt(2, 3, 5);
  const entered = enteredBy([2, true], [5, false]);
  const there = [...entries, entry(5, 1, before(2))];
  assert.equal(
    formerHead({ view: viewWith({ status: "member", entries: there, start: 5 }), whole, entered }),
    undefined,
  );
  assert.equal(
    formerHead({ view: viewWith({ status: "joining", entries, start: 5 }), whole, entered }),
    id(2),
  );
});
