import assert from "node:assert/strict";
import { test } from "node:test";
import { runInWorker } from "./worker.ts";

/** More: `npm run soak`. */
const IN_ALL_ORDERS = 100;
/** What each of them writes: with fewer it tests little. */
const LEAST_WRITES = 15;

test("random histories in several delivery orders: nothing is lost, nobody disagrees, everything settles", async (t) => {
  const played = await runInWorker({ kind: "orders", inAllOrders: IN_ALL_ORDERS });
  assert.ok(played >= IN_ALL_ORDERS);
  t.diagnostic(`${played} histories, ${IN_ALL_ORDERS} of them in all orders`);
});

for (const seat of ["alice", "dave"] as const) {
  test(`whichever of ${seat}'s writes ends badly, nothing is lost and everything settles`, async (t) => {
    const writes = await runInWorker({ kind: "writes", seat });
    assert.ok(writes >= LEAST_WRITES, `${writes} writes`);
    t.diagnostic(`${writes} writes`);
  });
}
