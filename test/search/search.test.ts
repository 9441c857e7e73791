import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BAD_ENDS, failEveryWrite } from "./everyWrite.ts";
import { type History, histories } from "./history.ts";
import { runHistory } from "./runHistory.ts";

/** More, and longer ones: `npm run soak`. */
const HISTORIES = 640;
/** Of those, at least so many are shown to copies in all orders; in the others the one who reads along had to act. */
const IN_ALL_ORDERS = 500;

/** What each of them writes: with fewer it tests little. */
const LEAST_WRITES = 15;

/** A failing history is made smaller and printed, with how to play it again. */
function report(history: History): string {
  return `npm run soak -- --history '${JSON.stringify(history)}'`;
}

test("random histories in several delivery orders: nothing is lost, nobody disagrees, everything settles", async () => {
  let inAllOrders = 0;
  const property = fc.asyncProperty(histories({ minLength: 4, maxLength: 10 }), async (history) => {
    if ((await runHistory(history)).orders > 0) inAllOrders++;
  });
  const result = await fc.check(property, { numRuns: HISTORIES, interruptAfterTimeLimit: 240_000 });
  const [failing] = result.counterexample ?? [];
  assert.equal(failing && report(failing), undefined, String(result.errorInstance));
  assert.equal(result.numRuns, HISTORIES);
  assert.ok(inAllOrders >= IN_ALL_ORDERS, `${inAllOrders} histories in all orders`);
});

for (const seat of ["alice", "dave"] as const) {
  test(`whichever of ${seat}'s writes ends badly, nothing is lost and everything settles`, async () => {
    // Each in one way, in turn; in all ways: `npm run soak -- --writes`.
    const endsOf = (write: number) => BAD_ENDS.filter((_, i) => i === write % BAD_ENDS.length);
    const writes = await failEveryWrite({ seat, endsOf });
    assert.ok(writes >= LEAST_WRITES, `${writes} writes`);
  });
}
