import assert from "node:assert/strict";
import { test } from "node:test";
import {
  deliveryStep,
  isSecond,
  OFFER_AGAIN_MS,
  publicationAfter,
} from "../../src/reconciler/intents/deliveryStep.ts";
import { duePublications, firstStep } from "../../src/reconciler/intents/duePublications.ts";
import { progressAfter } from "../../src/reconciler/intents/progressAfter.ts";
import { MAX_WELCOME_SPREAD_MS } from "../../src/reconciler/intents/spreadWelcomes.ts";
import type { Publication } from "../../src/reconciler/view/viewOfGroup.ts";
import { type Address, asAddress, type EntryId, type GroupId, type NodeId } from "../../src/wire/ids.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const node = (digit: number) => testId<EntryId>(digit) as unknown as NodeId;
const [first, second, third] = [node(1), node(2), node(3)];
const ranked = [first, second, third];

function publication(part: number, record: Partial<Publication["record"]> = {}): Publication {
  const envelope = { topic: new Uint8Array(33), payload: new Uint8Array() };
  const hash = testId<EntryId>(part) as never;
  const common = { intent: "0x01", group: testId<GroupId>(7), hash, envelope } as const;
  return {
    sequence: 1,
    part,
    record: { ...common, state: "pending", node: undefined, acknowledgedAtMs: 0, ...record },
  };
}

type Nodes = Parameters<typeof deliveryStep>[0]["ranked"];

const operator = (digit: number) => asAddress(new Uint8Array(20).fill(digit));
const address = new Map([first, second, third].map((id, i) => [id, operator(i)]));

function rankedOf(up: readonly NodeId[], operators: ReadonlyMap<NodeId, Address> = address): Nodes {
  return ranked.map((id) => ({
    node: id,
    operator: operators.get(id) ?? operator(9),
    isUp: up.includes(id),
  }));
}

function step(
  publications: readonly Publication[],
  up: readonly NodeId[],
  others: Partial<Parameters<typeof deliveryStep>[0]> = {},
) {
  return deliveryStep({
    ...{ publications, ranked: rankedOf(up), mirrors: 1, nowMs: 0 },
    ...{ hasRefused: () => false, isToWait: () => false },
    ...others,
  });
}

test("a node that names a time gets nothing before it; others do, and if all name one nothing is sent", () => {
  const [one, other] = [publication(0), publication(1)];
  const publish = (node: NodeId, publications: Publication[]) => ({
    kind: "publish",
    nodes: [node],
    publications,
  });
  const full = { isToWait: (of: Publication, node: NodeId) => node === first && of === one };
  assert.deepEqual(step([one], ranked, full), publish(second, [one]));
  assert.deepEqual(step([one, other], ranked, full), publish(second, [one]));
  assert.deepEqual(step([other, one], ranked, full), publish(first, [other]));
  assert.deepEqual(step([one, other], [first], full), publish(first, [other]), "alone, with what it takes");
  assert.equal(step([one], [first], full).kind, "wait");
  const hasRefused = () => true;
  assert.deepEqual(
    step([one], ranked, { ...full, hasRefused }),
    publish(second, [one]),
    "also if all refuse",
  );
  const there = publication(2, { state: "acknowledged", node: second });
  assert.equal(step([one, there], [first, third], { isToWait: () => true }).kind, "look-for");
  const overdue = { ...full, isToWait: () => true, nowMs: OFFER_AGAIN_MS };
  assert.equal(step([there], ranked, overdue).kind, "look-for", "no second offer before its time");
});

test("what is pending goes to the first node that answers", () => {
  const one = publication(0);
  assert.deepEqual(step([one], ranked), { kind: "publish", nodes: [first], publications: [one] });
  assert.deepEqual(step([one], [second, third]), { kind: "publish", nodes: [second], publications: [one] });
  assert.equal(step([one], []).kind, "wait");
  assert.deepEqual(step([], ranked), { kind: "idle" });
});

test("with mirrors it goes to as many nodes at once as there are", () => {
  const one = publication(0);
  const nodesOf = (mirrors: number, up: readonly NodeId[]) => {
    const next = step([one], up, { mirrors });
    return next.kind === "publish" ? next.nodes : next.kind;
  };
  assert.deepEqual(nodesOf(2, ranked), [first, second]);
  assert.deepEqual(nodesOf(2, [first, third]), [first, third]);
  assert.deepEqual(nodesOf(5, ranked), ranked);
});

test("what a node has refused goes to the next, and to the first again once all have", () => {
  const [one, other] = [publication(0), publication(1)];
  const nodesOf = (refusers: readonly NodeId[]) => {
    const hasRefused = (publication: Publication, id: NodeId) => publication === one && refusers.includes(id);
    return step([one, other], ranked, { hasRefused });
  };
  assert.deepEqual(nodesOf([first]), { kind: "publish", nodes: [second], publications: [one] });
  assert.deepEqual(nodesOf([first, second]), { kind: "publish", nodes: [third], publications: [one] });
  assert.deepEqual(nodesOf(ranked), { kind: "publish", nodes: [first], publications: [one, other] });
});

test("what one node has is looked for at the next, and offered to it after half a minute", () => {
  const one = publication(0, { state: "acknowledged", node: first, acknowledgedAtMs: 1_000 });
  const nowMs = 1_000;
  assert.deepEqual(step([one], ranked, { nowMs }), { kind: "look-for", node: second, publications: [one] });
  const offered = step([one], ranked, { nowMs: nowMs + OFFER_AGAIN_MS });
  assert.deepEqual(offered, { kind: "publish", nodes: [second], publications: [one] });
  assert.deepEqual(step([one], [second, third]), { kind: "look-for", node: second, publications: [one] });
  assert.equal(step([one], [first]).kind, "wait");
});

test("what is not due yet waits, unless the clock went back", () => {
  const due = publication(0, { dueAtMs: 1_000 });
  const later = publication(1, { dueAtMs: 1_060 });
  const dueOf = (...publications: Publication[]) => duePublications({ publications, nowMs: 1_000 });
  assert.deepEqual(dueOf(due, later), { due: [due], nextMs: 60 });
  const there = publication(2, { state: "acknowledged", node: first, acknowledgedAtMs: 1_000 });
  assert.deepEqual(dueOf(there, publication(3)), { due: [there, publication(3)], nextMs: undefined });
  const lost = publication(0, { dueAtMs: 1_000 + MAX_WELCOME_SPREAD_MS + 1 });
  assert.deepEqual(dueOf(lost), { due: [lost], nextMs: undefined });
});

test("what is to be done comes before what is to be waited for", () => {
  const publish = step([publication(0)], ranked);
  assert.deepEqual(firstStep([{ kind: "wait", ms: 5 }, publish]), publish);
  assert.deepEqual(firstStep([{ kind: "wait", ms: 5 }, { kind: "idle" }, { kind: "wait", ms: 3 }]), {
    kind: "wait",
    ms: 3,
  });
  assert.deepEqual(firstStep([{ kind: "idle" }, { kind: "idle" }]), { kind: "idle" });
});

test("of two nodes of one operator only one is asked, where there is another operator", () => {
  const one = publication(0, { state: "acknowledged", node: first, acknowledgedAtMs: 1 });
  const at = (operators: readonly number[], up: readonly NodeId[]) => {
    const byNode = new Map(ranked.map((id, i) => [id, operator(operators[i] ?? 0)]));
    const next = step([one], up, { ranked: rankedOf(up, byNode), nowMs: 1 });
    return next.kind === "look-for" ? next.node : next.kind;
  };
  assert.equal(at([1, 1, 2], ranked), third);
  assert.equal(at([1, 1, 2], [first, second]), "wait", "the other operator's node is waited for");
  assert.equal(at([1, 1, 1], ranked), second);
});

test("a second node's word is delivery, the same node's or the same operator's is not", () => {
  const twins = rankedOf(
    ranked,
    new Map([
      [first, operator(1)],
      [second, operator(1)],
      [third, operator(2)],
    ]),
  );
  assert.equal(isSecond({ ranked: rankedOf(ranked), first, node: first }), false);
  assert.equal(isSecond({ ranked: rankedOf(ranked), first, node: second }), true);
  assert.equal(isSecond({ ranked: twins, first, node: second }), false);
  assert.equal(isSecond({ ranked: twins, first, node: third }), true);
  const one = publication(0, { state: "acknowledged", node: first, acknowledgedAtMs: 1 });
  const after = (isEnough: boolean) =>
    publicationAfter({ publication: one, node: second, isEnough, nowMs: 5 }).record;
  assert.deepEqual([after(false).state, after(false).node], ["acknowledged", first]);
  assert.equal(after(true).state, "delivered");
});

test("an intent is acknowledged with its last envelope's first receipt, and settled with its last second one", () => {
  const intent = testIntent({ action: { kind: "rotate" }, progress: { kind: "landed" } });
  const acknowledged = publication(0, { state: "acknowledged", node: first });
  const delivered = publication(1, { state: "delivered", node: first });
  const after = (...publications: Publication[]) => progressAfter({ intent, publications });
  assert.equal(after(publication(0), delivered), intent);
  assert.equal(after(acknowledged, delivered).acknowledged, true);
  assert.equal(after(acknowledged, delivered).progress.kind, "landed");
  assert.deepEqual(after(delivered).progress, { kind: "settled", outcome: { kind: "delivered" } });
  assert.deepEqual(after().progress, { kind: "settled", outcome: { kind: "delivered" } });
});
