import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeClock } from "../../src/node/judgeClock.ts";
import { MAX_CLOCK_SKEW_MS } from "../../src/wire/limits.ts";

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

test("a node's clock is wrong where the chain and its peers say so, and says by how much", () => {
  const [ahead, behind] = [NOW_MS + HOUR_MS, NOW_MS - HOUR_MS];
  const judge = (wallMs: number, ...peersMs: number[]) => judgeClock({ wallMs, chainMs: NOW_MS, peersMs });
  assert.match(judge(ahead, NOW_MS, NOW_MS) ?? "", /3600 s ahead of the chain/);
  assert.match(judge(behind, NOW_MS + 900) ?? "", /3600 s behind the chain/);
  assert.match(judge(ahead, ahead, NOW_MS) ?? "", /ahead/, "one of two others is as wrong as this one");
  assert.match(judge(ahead, behind, NOW_MS) ?? "", /ahead/);
  assert.equal(
    judge(ahead, ahead, ahead, NOW_MS),
    undefined,
    "most clocks say that it is the chain that is off",
  );
  assert.equal(judge(ahead, behind), undefined, "no peer goes with the chain");
  assert.equal(judge(ahead), undefined, "nobody is there to ask");
  assert.equal(judge(NOW_MS + MAX_CLOCK_SKEW_MS, NOW_MS), undefined);
  assert.match(judge(NOW_MS + MAX_CLOCK_SKEW_MS + 1, NOW_MS) ?? "", /ahead/);
});
