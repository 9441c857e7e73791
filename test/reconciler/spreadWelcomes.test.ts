import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_WELCOME_SPREAD_MS, spreadWelcomes } from "../../src/reconciler/intents/spreadWelcomes.ts";
import { createRandom } from "../search/random.ts";

const NOW_MS = 1_000_000;
/** Nobody waits noticeably for one or two who are added. */
const SMALL_MS = 100;

function spread(count: number, seed: number) {
  const items = Array.from({ length: count }, (_, i) => i);
  return spreadWelcomes({ items, nowMs: NOW_MS, chance: createRandom(seed).next });
}

test("Welcomes leave in an order that their number says nothing about, each once", () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    const order = spread(5, seed).map(({ item }) => item);
    assert.deepEqual(order.toSorted(), [0, 1, 2, 3, 4]);
    firsts.add(order[0] ?? -1);
  }
  assert.deepEqual([...firsts].toSorted(), [0, 1, 2, 3, 4], "each comes first now and then");
  assert.deepEqual(spread(5, 7), spread(5, 7), "chance is handed in");
});

test("the time over which Welcomes leave grows with their number, up to a bound", () => {
  const last = (count: number) =>
    Math.max(...[...Array(50).keys()].map((seed) => spread(count, seed).at(-1)?.dueAtMs ?? 0)) - NOW_MS;
  assert.ok(last(2) > 0 && last(3) < SMALL_MS, "one group info, one or two Welcomes");
  assert.ok(last(20) > last(3));
  assert.ok(last(200) > last(20) && last(200) < MAX_WELCOME_SPREAD_MS);
  const times = spread(200, 1).map(({ dueAtMs }) => dueAtMs);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});
