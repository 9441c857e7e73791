import assert from "node:assert/strict";
import { test } from "node:test";
import { replayVectors, vectorNames } from "../support/vectors/replayVectors.ts";
import { readVectorFile, type VectorFile } from "../support/vectors/vectorFile.ts";

for (const name of vectorNames) {
  test(`the recorded ${name} are what the code gives: a change of rules is deliberate`, async (context) => {
    const recorded = readVectorFile<VectorFile<object, object>>(name);
    const replayed = replayVectors(name);
    assert.ok(recorded.cases.length > 0);
    assert.equal(new Set(recorded.cases.map((one) => one.name)).size, recorded.cases.length);
    for (const [i, one] of recorded.cases.entries()) {
      await context.test(one.name, () => assert.deepEqual(replayed.cases[i]?.expected, one.expected));
    }
  });
}
