import assert from "node:assert/strict";
import { test } from "node:test";
import { drawTurn, type FaultKind, faultKinds, kindsNamed, tellTurn } from "../../scripts/chaos/faults.ts";

const cast = { nodes: ["node 1", "node 2", "node 3"], clients: ["alice", "bob", "carol", "dave", "erin"] };
const drawn = (params: { seed: number; count: number; kinds?: readonly FaultKind[] }) =>
  Array.from({ length: params.count }, (_, number) =>
    drawTurn({ seed: params.seed, number, kinds: params.kinds ?? faultKinds, cast }),
  );

test("a turn follows from seed, kinds and number alone", () => {
  assert.deepEqual(drawn({ seed: 7, count: 40 }), drawn({ seed: 7, count: 40 }));
  assert.notDeepEqual(drawn({ seed: 7, count: 40 }), drawn({ seed: 8, count: 40 }));
});

test("all kinds come equally often, some with a second one at once", () => {
  const turns = drawn({ seed: 1, count: 4 * faultKinds.length });
  const counts = Map.groupBy(turns, ({ faults: [first] }) => first.kind);
  assert.deepEqual(
    [...counts.values()].map(({ length }) => length),
    faultKinds.map(() => 4),
  );
  const double = turns.filter(({ faults }) => faults.length === 2);
  assert.ok(double.length > 0 && double.length < turns.length / 2);
  for (const { faults } of double) assert.notEqual(faults[0].kind, faults[1]?.kind);
});

test("a fault is on somebody that there is, unless it is the chain's", () => {
  for (const { faults } of drawn({ seed: 3, count: 200 })) {
    for (const { kind, on, seconds } of faults) {
      const { length } = kind.includes("client") ? cast.clients : cast.nodes;
      assert.ok(on.every((index) => index >= 0 && index < length));
      assert.equal(new Set(on).size, on.length);
      assert.equal(on.length === 0, kind.endsWith("-chain"));
      assert.ok(seconds >= 0 && seconds <= 40);
    }
  }
});

test("one kind alone is never played twice at once", () => {
  for (const { faults } of drawn({ seed: 5, count: 20, kinds: ["kill-node"] }))
    assert.equal(faults.length, 1);
});

test("kinds go by name, or by the first or last word of several", () => {
  assert.deepEqual(kindsNamed("kill"), ["kill-node", "kill-client"]);
  assert.deepEqual(kindsNamed("chain"), ["stall-chain", "reorganize-chain"]);
  assert.deepEqual(kindsNamed("provider"), ["provider"]);
  assert.deepEqual(kindsNamed("ki"), []);
});

test("a turn is told with who and how", () => {
  const faults = [
    { kind: "cut-client", on: [0, 2], how: "silent", seconds: 3 },
    { kind: "stall-chain", on: [], how: "", seconds: 3 },
  ] as const;
  assert.equal(
    tellTurn({ turn: { number: 0, faults }, cast }),
    "cut-client alice, carol silent + stall-chain",
  );
});
