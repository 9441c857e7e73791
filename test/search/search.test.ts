import assert from "node:assert/strict";
import { test } from "node:test";
import { runInWorker } from "./worker.ts";

/** More: `npm run soak`. */
const IN_ALL_ORDERS = { honest: 70, lying: 30 };
/** The same each time: what a further one finds is no fault of a change that has nothing to do with it. */
const LYING_SEED = 1;
/** What each of them writes: with fewer it tests little. */
const LEAST_WRITES = 15;

for (const kinds of ["honest", "lying"] as const) {
  const who = kinds === "honest" ? "random histories" : "histories in which nodes lie";
  test(`${who} in several delivery orders: nothing is lost, nobody disagrees, everything settles`, async (t) => {
    const inAllOrders = IN_ALL_ORDERS[kinds];
    const seed = kinds === "honest" ? undefined : LYING_SEED;
    const played = await runInWorker({ kind: "orders", inAllOrders, kinds, seed });
    assert.ok(played >= inAllOrders);
    t.diagnostic(`${played} histories, ${inAllOrders} of them in all orders`);
  });
}

for (const seat of ["alice", "dave"] as const) {
  test(`whichever of ${seat}'s writes ends badly, nothing is lost and everything settles`, async (t) => {
    const writes = await runInWorker({ kind: "writes", seat });
    assert.ok(writes >= LEAST_WRITES, `${writes} writes`);
    t.diagnostic(`${writes} writes`);
  });
}
