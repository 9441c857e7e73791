import { test } from "node:test";
import fc from "fast-check";
import { histories, runHistory } from "./support/runHistory.ts";

test("random histories: all members agree after every step (node:crypto)", () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  fc.assert(fc.property(histories(40), runHistory), { seed, numRuns: 25 });
});
