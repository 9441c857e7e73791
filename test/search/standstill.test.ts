import assert from "node:assert/strict";
import { test } from "node:test";
import { foundOffline, makeStrangers } from "./foundOffline.ts";

/** Shorter than a block, longer than a few, longer than any call may take. */
const LATE_MS = [700, 4_000, 20_000];
/** Every so-many-th step in one run of the test, beginning elsewhere for each lateness. */
const STRIDE = 13;

test("whichever step of a group that is founded offline is late, its first words come through", async () => {
  const snapshot = await makeStrangers();
  const steps = await foundOffline({ snapshot, seed: 1, late: undefined });
  assert.ok(steps > 100, `${steps} steps`);
  for (const [i, ms] of LATE_MS.entries()) {
    for (let step = i; step < steps; step += STRIDE) {
      await foundOffline({ snapshot, seed: 1, late: { step, ms } }).catch((cause: unknown) => {
        throw new Error(`it stands still when step ${step} is ${ms} ms late`, { cause });
      });
    }
  }
});
