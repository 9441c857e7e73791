import assert from "node:assert/strict";
import { test } from "node:test";
import { BAD_ENDS, failEveryWrite } from "./everyWrite.ts";
import { searchOrders } from "./searchOrders.ts";

/** More: `npm run soak`. */
const IN_ALL_ORDERS = { honest: 9, lying: 4 };
/** The same each time: what a further one finds is no fault of a change that has nothing to do with it. */
const LYING_SEED = 1;
/** What each of them writes, of which every second one is tried: with fewer it tests little. */
const LEAST_WRITES = 15;

test("random histories in several delivery orders: nothing is lost, nobody disagrees, everything settles", async (t) => {
  t.diagnostic(await searchFor({ kinds: "honest", seed: undefined }));
});

test("histories in which nodes lie, in several delivery orders: the same holds, and nobody is deceived", async (t) => {
  t.diagnostic(await searchFor({ kinds: "lying", seed: LYING_SEED }));
});

async function searchFor(params: { kinds: "honest" | "lying"; seed: number | undefined }): Promise<string> {
  const inAllOrders = IN_ALL_ORDERS[params.kinds];
  const played = await searchOrders({ inAllOrders, ...params });
  assert.ok(played >= inAllOrders);
  return `${played} histories, ${inAllOrders} of them in all orders`;
}

for (const seat of ["alice", "dave"] as const) {
  test(`whichever of ${seat}'s writes ends badly, nothing is lost and everything settles`, async (t) => {
    // Every second one in one way, in turn; all in all ways: `npm run soak -- --writes`.
    const endsOf = (write: number) => BAD_ENDS.filter((_, i) => 2 * i === write % (2 * BAD_ENDS.length));
    const writes = await failEveryWrite({ seat, endsOf });
    assert.ok(writes >= LEAST_WRITES, `${writes} writes`);
    t.diagnostic(`${writes} writes`);
  });
}
