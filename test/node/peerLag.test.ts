import assert from "node:assert/strict";
import { test } from "node:test";
import { lagReason, noteBlocks, openPeerLag } from "../../src/node/peerLag.ts";
import { asAddress } from "../../src/wire/ids.ts";

const operators = Array.from({ length: 10 }, (_, i) => asAddress(new Uint8Array(20).fill(i + 1)));

/** What a node at these blocks says after each second of what the others tell. */
function saysAfter(params: {
  seconds: number;
  own: (second: number) => number;
  others: (second: number) => readonly number[];
}): string | undefined {
  const lag = openPeerLag(0);
  for (let second = 0; second <= params.seconds; second++) {
    const others = params.others(second).map((number, i) => ({
      operator: operators[i] ?? asAddress(new Uint8Array(20)),
      number,
    }));
    noteBlocks({ lag, own: params.own(second), others, nowMs: second * 1_000 });
  }
  return lagReason({ lag, nowMs: params.seconds * 1_000 });
}

test("a node that lacks what most others had ten seconds ago is behind, whatever the chain's pace", () => {
  const moving = (second: number) => 100 + second;
  const still = () => 100;
  assert.match(
    saysAfter({ seconds: 12, own: still, others: (s) => [moving(s), moving(s)] }) ?? "",
    /100.*112/,
  );
  assert.equal(saysAfter({ seconds: 9, own: still, others: (s) => [moving(s), moving(s)] }), undefined);
  const slow = (second: number) => 100 + Math.floor(second / 20);
  assert.equal(saysAfter({ seconds: 29, own: still, others: (s) => [slow(s), slow(s)] }), undefined);
  assert.match(saysAfter({ seconds: 31, own: still, others: (s) => [slow(s), slow(s)] }) ?? "", /behind/);
  const late = (second: number) => moving(second) - 8;
  assert.equal(saysAfter({ seconds: 60, own: late, others: (s) => [moving(s), moving(s)] }), undefined);
  const tooLate = (second: number) => moving(second) - 20;
  assert.notEqual(saysAfter({ seconds: 60, own: tooLate, others: (s) => [moving(s), moving(s)] }), undefined);
});

test("who lies about blocks takes no honest node away, and where all stand still nobody is behind", () => {
  const moving = (second: number) => 100 + second;
  const still = () => 100;
  const lie = (second: number) => 1e9 + second;
  assert.equal(saysAfter({ seconds: 60, own: moving, others: (s) => [lie(s)] }), undefined, "of two");
  assert.equal(saysAfter({ seconds: 60, own: moving, others: (s) => [lie(s), moving(s)] }), undefined);
  const most = (s: number) => [lie(s), lie(s), moving(s), moving(s)];
  assert.equal(saysAfter({ seconds: 60, own: moving, others: most }), undefined, "no more than half");
  assert.equal(saysAfter({ seconds: 600, own: still, others: () => [100, 99] }), undefined);
  assert.equal(saysAfter({ seconds: 600, own: still, others: () => [] }), undefined);
});

test("one other operator is believed once this node's own chain stands still", () => {
  const moving = (second: number) => 100 + second;
  const still = () => 100;
  assert.equal(saysAfter({ seconds: 29, own: still, others: (s) => [moving(s)] }), undefined);
  assert.notEqual(saysAfter({ seconds: 31, own: still, others: (s) => [moving(s)] }), undefined);
  const back = (second: number) => (second < 35 ? 100 : moving(second));
  assert.equal(saysAfter({ seconds: 36, own: back, others: (s) => [moving(s)] }), undefined, "level again");
});
