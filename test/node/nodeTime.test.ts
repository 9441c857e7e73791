import assert from "node:assert/strict";
import { test } from "node:test";
import { openNodeTime } from "../../src/node/nodeTime.ts";
import { installVirtualTime } from "../search/virtualTime.ts";

const START_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const block = (number: number, timeMs: number) => ({ number, hash: "0x00", time: timeMs / 1000 }) as const;

test("a node goes by its peers' clocks until the chain moves, and then by the chain", async () => {
  using clock = installVirtualTime(START_MS);
  const time = openNodeTime();
  clock.wallLeadMs = HOUR_MS;
  assert.equal(time.networkMs(), START_MS + HOUR_MS, "there is nobody to ask");
  time.hear(block(5, START_MS - 2 * HOUR_MS));
  assert.equal(time.chain(), undefined, "a block from before it began may be old");
  time.peerClocks = () => [START_MS, START_MS + 100];
  assert.equal(time.networkMs(), START_MS + 100, "the clock in the middle");
  time.hear(block(6, START_MS));
  await clock.run(500);
  assert.equal(time.networkMs(), START_MS + 500);
  clock.wallLeadMs = -HOUR_MS;
  time.peerClocks = () => [];
  assert.equal(time.latestMs(), START_MS + 500, "a slow clock puts nobody's batches off");
  clock.wallLeadMs = 0;
  time.hear(block(7, START_MS - HOUR_MS));
  time.peerClocks = () => [START_MS + 500, START_MS + 500];
  assert.ok(time.latestMs() >= START_MS + 250, "nor do blocks of an old time");
});
