import assert from "node:assert/strict";
import { test } from "node:test";
import { openChainClock } from "../../src/clock/chainClock.ts";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import { installVirtualTime } from "../search/virtualTime.ts";

const START_MS = 1_800_000_000_000;
const START = START_MS / 1000;
const HOUR_MS = 3_600_000;

test("the chain's time goes on between blocks, whatever the machine's clock shows", async () => {
  using time = installVirtualTime(START_MS);
  const clock = openChainClock();
  assert.equal(clock.nowMs(), undefined);
  clock.hear({ number: 7, time: START - 3600 });
  assert.equal(clock.isSet(), false, "the first block may be an old one");
  clock.hear({ number: 7, time: START - 3600 });
  assert.equal(clock.isSet(), false, "the same again is no news");
  clock.hear({ number: 8, time: START });
  assert.ok(clock.isSet() && clock.isFresh());
  await time.run(600);
  setClock(time.nowMs, 100 * 24 * HOUR_MS);
  await time.run(600);
  assert.equal(clock.nowMs(), START_MS + 1_200);
  assert.equal(steadyMs(), START_MS + 1_200);
  setClock(time.nowMs, -HOUR_MS);
  assert.equal(clock.nowMs(), START_MS + 1_200);
});

test("after a jump of the machine's clock, or a sleep, two more blocks tell what is right", async () => {
  using time = installVirtualTime(START_MS);
  const clock = openChainClock();
  for (const number of [1, 2]) clock.hear({ number, time: START + number });
  assert.ok(clock.isFresh());
  setClock(time.nowMs, HOUR_MS);
  assert.ok(clock.isSet() && !clock.isFresh());
  clock.hear({ number: 3, time: START + 3 });
  assert.equal(clock.isFresh(), false);
  clock.hear({ number: 4, time: START + 4 });
  assert.ok(clock.isFresh());
});

test("blocks that are heard late draw it back slowly, a false time does not stay, and it never stands still", async () => {
  using time = installVirtualTime(START_MS);
  const clock = openChainClock();
  clock.hear({ number: 1, time: START });
  clock.hear({ number: 2, time: START + 60 });
  let before = 0;
  for (let number = 3; number < 200; number++) {
    await time.run(1_000);
    clock.hear({ number, time: Math.floor(time.nowMs() / 1000) });
    const now = clock.nowMs() ?? 0;
    assert.ok(now > before);
    before = now;
  }
  assert.ok(Math.abs(before - time.nowMs()) < 1_000, `${before - time.nowMs()} ms ahead`);
});

/** The machine's clock alone; the virtual time puts it back. */
function setClock(nowMs: () => number, aheadMs: number): void {
  Date.now = () => nowMs() + aheadMs;
}
