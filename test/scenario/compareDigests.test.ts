import assert from "node:assert/strict";
import { test } from "node:test";
import { differingEpochs } from "../../src/scenario/compareDigests.ts";

const alice = new Map([
  [1, "a"],
  [2, "b"],
]);

test("whoever has a digest of an epoch has the same one", () => {
  const bob = new Map([
    [1, "a"],
    [2, "c"],
    [3, "d"],
  ]);
  assert.deepEqual(differingEpochs([alice, bob]), [2]);
  assert.deepEqual(differingEpochs([alice, alice]), []);
});

test("an epoch with a gap or before one joined has no digest and does not count", () => {
  assert.deepEqual(differingEpochs([alice, new Map([[2, "b"]]), new Map()]), []);
});
