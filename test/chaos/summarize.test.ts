import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultKind } from "../../scripts/chaos/faults.ts";
import { formatPlayed, formatRows } from "../../scripts/chaos/format.ts";
import type { Played } from "../../scripts/chaos/playTurn.ts";
import { summarize } from "../../scripts/chaos/summarize.ts";

const fault = (kind: FaultKind) => ({ kind, on: [0], how: "", seconds: 1 });
const played = (kinds: readonly [FaultKind, ...FaultKind[]], allMs: number | undefined): Played => {
  const [first, ...others] = kinds;
  return {
    turn: { number: 4, faults: [fault(first), ...others.map(fault)] },
    words: kinds.join(" + "),
    ...{ seconds: 1, meanwhile: 3 },
    recovery: { nextMs: 100, allMs, orderMs: 2_000, lacks: [] },
    failures: allMs === undefined ? ["not all is read"] : [],
  };
};

test("times by kind, those of two at once apart, and of all", () => {
  const rows = summarize([
    played(["kill-node"], 300),
    played(["kill-node"], 900),
    played(["kill-node"], 500),
    played(["cut-mesh"], undefined),
    played(["cut-mesh", "kill-node"], 400),
  ]);
  const told = rows.map(({ kind, count, failed, all }) => [kind, count, failed, all.p50, all.worst]);
  assert.deepEqual(told, [
    ["cut-mesh", 1, 1, undefined, undefined],
    ["kill-node", 3, 0, 500, 900],
    ["two at once", 1, 0, 400, 400],
    ["all", 5, 1, 500, undefined],
  ]);
  assert.match(formatRows(rows), /cut-mesh +1 +1 .*never/);
});

test("what did not hold stands below its fault", () => {
  assert.match(
    formatPlayed(played(["kill-node"], undefined)),
    /#4 .*kill-node .*all never.*\n +not all is read/,
  );
});
