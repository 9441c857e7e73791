import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, type Report } from "../../scripts/chaos/judge.ts";
import type { Hex, InboxId, MessageId } from "../../src/index.ts";

const message = "0x11" as MessageId;
const intent = "0xaa" as Hex;
const [first, second] = ["0xa1" as InboxId, "0xb1" as InboxId];
const members = [first, second];

const report = (special: Partial<Report> = {}): Report => ({
  ...{ inbox: first, membership: "member", epoch: 3, head: "0x3", joinedEpoch: 1, members },
  epochs: [1, 2, 3].map((epoch) => ({ epoch, entry: `0x${epoch}` as Hex, digest: `0xd${epoch}` as Hex })),
  messages: [{ id: message, epoch: 2, state: "visible" }],
  ...{ gaps: [], rejected: {}, intents: [] },
  ...special,
});
const said = (outcome: Report["intents"][number]["outcome"]) =>
  report({ intents: [{ id: intent, action: "send", message, outcome }] });
const bob = (special: Partial<Report> = {}): Report => report({ inbox: second, ...special });
const judged = (alice: Report, other: Report): string[] =>
  judge({
    group: "hall",
    reports: new Map([
      ["alice", alice],
      ["bob", other],
    ]),
    acknowledged: new Set([intent]),
  });

const cases: readonly { name: string; alice: Report; other: Report; found: string[] }[] = [
  { name: "all is well", alice: said({ kind: "delivered" }), other: bob(), found: [] },
  {
    name: "a delivered message is lost",
    alice: said({ kind: "delivered" }),
    other: bob({ messages: [] }),
    found: ["hall: bob lacks alice's message 0x11 of epoch 2"],
  },
  {
    name: "a gap stands where it was",
    alice: said({ kind: "delivered" }),
    other: bob({ messages: [], gaps: [{ epoch: 2, reason: "keys-gone" }] }),
    found: [],
  },
  {
    name: "who came later can't have it",
    alice: said({ kind: "delivered" }),
    other: bob({ messages: [], joinedEpoch: 2 }),
    found: [],
  },
  {
    name: "an acknowledged message fails",
    alice: said({ kind: "failed", reason: "refused" }),
    other: bob(),
    found: ["hall: alice's message 0xaa was acknowledged and has failed as refused"],
  },
  {
    name: "its author was removed before it counted",
    alice: said({ kind: "failed", reason: "removed" }),
    other: bob(),
    found: [],
  },
  {
    name: "an intent never ends",
    alice: said(undefined),
    other: bob(),
    found: ["hall: 1 intents of alice are still open (send)"],
  },
  {
    name: "timelines differ",
    alice: report(),
    other: bob({ epochs: [{ epoch: 2, entry: "0x2", digest: "0xff" }] }),
    found: ["hall: bob and alice differ in epoch 2"],
  },
  {
    name: "one is behind",
    alice: report(),
    other: bob({ epoch: 2, head: "0x2" }),
    found: ["hall: bob is in epoch 2, alice in 3"],
  },
  {
    name: "one does not know that it is out",
    alice: report({ members: [first] }),
    other: bob(),
    found: ["hall: bob takes itself for member, which others do not"],
  },
  {
    name: "a key is used twice",
    alice: report({ rejected: { replayed: 1 } }),
    other: bob(),
    found: ["hall: alice saw a key used twice"],
  },
];

for (const { name, alice, other, found } of cases) {
  test(`judged: ${name}`, () => assert.deepEqual(judged(alice, other), found));
}
