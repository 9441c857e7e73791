import assert from "node:assert/strict";
import { test } from "node:test";
import type { Publication } from "../../src/client/groups/group.ts";
import { deliveryStep, OFFER_AGAIN_MS, publicationAfter } from "../../src/client/outbox/deliveryStep.ts";
import { duePublications, firstStep } from "../../src/client/outbox/duePublications.ts";
import { progressAfter } from "../../src/client/outbox/progressAfter.ts";
import { MAX_WELCOME_SPREAD_MS } from "../../src/client/outbox/spreadWelcomes.ts";
import type { EntryId, GroupId, NodeId } from "../../src/wire/ids.ts";
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

function step(publications: readonly Publication[], up: readonly NodeId[], nowMs = 0) {
  return deliveryStep({ publications, ranked, up: new Set(up), nowMs });
}

test("what is pending goes to the first node that answers", () => {
  const one = publication(0);
  assert.deepEqual(step([one], ranked), { kind: "publish", node: first, publications: [one] });
  assert.deepEqual(step([one], [second, third]), { kind: "publish", node: second, publications: [one] });
  assert.equal(step([one], []).kind, "wait");
  assert.deepEqual(step([], ranked), { kind: "idle" });
});

test("what one node has is looked for at the next, and offered to it after half a minute", () => {
  const one = publication(0, { state: "acknowledged", node: first, acknowledgedAtMs: 1_000 });
  assert.deepEqual(step([one], ranked, 1_000), { kind: "look-for", node: second, publications: [one] });
  const offered = step([one], ranked, 1_000 + OFFER_AGAIN_MS);
  assert.deepEqual(offered, { kind: "publish", node: second, publications: [one] });
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

test("a second node's receipt is delivery, the same node's is not", () => {
  const one = publication(0, { state: "acknowledged", node: first, acknowledgedAtMs: 1 });
  const after = (by: NodeId) =>
    publicationAfter({ publication: one, state: "acknowledged", node: by, nowMs: 5 }).record.state;
  assert.equal(after(first), "acknowledged");
  assert.equal(after(second), "delivered");
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
