import assert from "node:assert/strict";
import { test } from "node:test";
import { replaysOf, vectorNames } from "../support/vectors/replayVectors.ts";

for (const file of vectorNames) {
  test(`the recorded ${file} are what the code gives: no rule changed unnoticed`, async (context) => {
    const cases = replaysOf(file);
    assert.ok(cases.length > 0);
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length);
    for (const { name, expected, replay } of cases) {
      await context.test(name, () => assert.deepEqual(replay(), expected));
    }
  });
}
