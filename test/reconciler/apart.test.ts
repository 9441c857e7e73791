import assert from "node:assert/strict";
import { test } from "node:test";
import { apartFrom, lookUpOrder, type OwnedNode } from "../../src/reconciler/nodes/apart.ts";
import type { Address, EntryId, NodeId } from "../../src/wire/ids.ts";
import { testId } from "../support/testIntent.ts";

const idOf = (name: number) => testId<EntryId>(name) as unknown as NodeId;

/** Named by the digit of the operator, then that of the node. */
function nodes(...names: readonly number[]): OwnedNode[] {
  return names.map((name) => {
    const operator = `0x${Math.floor(name / 10)
      .toString()
      .padStart(40, "0")}` as Address;
    return { node: idOf(name), operator };
  });
}

test("people are looked up far from the node that relays: its operator comes last, who serves next just before", () => {
  const order = lookUpOrder({
    nodes: nodes(11, 12, 21, 22, 31, 41),
    serving: nodes(12, 11, 22, 31),
  });
  assert.deepEqual(order, nodes(31, 41, 21, 22, 11, 12));
  assert.deepEqual(lookUpOrder({ nodes: nodes(21, 11), serving: nodes(21, 11) }), nodes(11, 21));
  assert.deepEqual(lookUpOrder({ nodes: nodes(11), serving: nodes(11) }), nodes(11));
  assert.deepEqual(lookUpOrder({ nodes: nodes(21, 11), serving: [] }), nodes(21, 11), "nobody answers");
});

test("no party relays that was asked about the people concerned, as long as another answers", () => {
  const up = nodes(11, 21, 22, 31);
  assert.deepEqual(apartFrom({ nodes: up, asked: [] }), up);
  assert.deepEqual(apartFrom({ nodes: up, asked: nodes(11, 22) }), nodes(31));
  assert.deepEqual(apartFrom({ nodes: nodes(21, 22), asked: nodes(22) }), nodes(21), "at least another node");
  assert.deepEqual(apartFrom({ nodes: nodes(11), asked: nodes(11) }), nodes(11), "there is no other");
  const unread = [{ node: idOf(1) }, { node: idOf(2) }];
  assert.deepEqual(apartFrom({ nodes: unread, asked: unread.slice(0, 1) }), unread.slice(1));
});
