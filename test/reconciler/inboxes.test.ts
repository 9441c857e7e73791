import assert from "node:assert/strict";
import { test } from "node:test";
import { type InboxHistory, neverCounts } from "../../src/identity/inboxHistory.ts";
import { replayHistory } from "../../src/identity/replayHistory.ts";
import { confirmedInbox } from "../../src/reconciler/inboxes/confirmedInbox.ts";
import { snapshotBefore, snapshotOf } from "../../src/reconciler/inboxes/inboxSnapshot.ts";
import { listOf } from "../../src/reconciler/inboxes/installationList.ts";
import { takeHistory } from "../../src/reconciler/inboxes/takeHistory.ts";
import { EMPTY_WORD } from "../../src/wire/identityStep.ts";
import { answerOf, testHistory, testInstallation, testWallet } from "../support/testHistory.ts";
import { testNetwork as network } from "../support/testNetwork.ts";

const [alice, guard] = [testWallet("alice"), testWallet("guard")];
const [phone, laptop] = [testInstallation("phone"), testInstallation("laptop")];
const [watch] = [testInstallation("watch")];

/** Founded in block 1 with a phone; the laptop comes in block 2, the phone goes in block 3. */
const written = testHistory({ network, founder: alice });
written.create(phone);
written.add(laptop, alice);
written.revoke(phone, alice);
const { inbox, steps } = written;

function historyOf(count = steps.length, of = steps): InboxHistory {
  const replay = replayHistory({ network, inbox, known: undefined, steps: of.slice(0, count) });
  assert.ok(replay.kind !== "impossible" && replay.history);
  return replay.history;
}

const snapshot = (confirmedAsOf = 10, asOf = 10, history: InboxHistory | undefined = historyOf()) =>
  snapshotOf({ history, keyWallets: [], asOf, confirmedAsOf });

test("a snapshot holds what the steps come to, and is provisional unless it is confirmed to its end", () => {
  const { inbox: known, count, word, isProvisional, keyWallets } = snapshot();
  assert.deepEqual(
    known?.installations.map(({ installation, addedBlock, revokedBlock }) => [
      installation,
      addedBlock,
      revokedBlock,
    ]),
    [
      [phone.key, 1, 3],
      [laptop.key, 2, undefined],
    ],
  );
  assert.deepEqual([count, word, isProvisional, keyWallets], [3, historyOf().word, false, [alice.address]]);
  assert.equal(snapshot(9).isProvisional, true);
  const none = snapshotOf({ history: undefined, keyWallets: [guard.address], asOf: 10, confirmedAsOf: 10 });
  assert.deepEqual([none.inbox, none.count, none.word], [undefined, 0, EMPTY_WORD]);
  assert.deepEqual(none.keyWallets, [guard.address], "a key that was seen is not forgotten");
});

test("a snapshot outlives a reorganization behind its last step, and nothing but keys one that takes it", () => {
  const kept = snapshotBefore({ snapshot: snapshot(), afterBlock: 3 });
  assert.deepEqual([kept.count, kept.asOf, kept.confirmedAsOf, kept.isProvisional], [3, 3, 3, false]);
  const early = snapshotBefore({ snapshot: snapshot(2), afterBlock: 5 });
  assert.deepEqual([early.asOf, early.confirmedAsOf, early.isProvisional], [5, 2, true]);
  const lost = snapshotBefore({ snapshot: snapshot(), afterBlock: 2 });
  assert.deepEqual(
    [lost.inbox, lost.asOf, lost.confirmedAsOf, lost.keyWallets],
    [undefined, -1, -1, [alice.address]],
  );
});

test("what one node alone has told neither adds nor takes away", () => {
  const at = (confirmedAsOf: number) =>
    confirmedInbox(snapshot(confirmedAsOf))?.installations.map(({ installation, revokedBlock }) => [
      installation,
      revokedBlock,
    ]);
  assert.deepEqual(at(1), [[phone.key, undefined]]);
  assert.deepEqual(at(2), [
    [phone.key, undefined],
    [laptop.key, undefined],
  ]);
  assert.deepEqual(at(3), [
    [phone.key, 3],
    [laptop.key, undefined],
  ]);
  assert.equal(confirmedInbox(undefined), undefined);
});

test("the list says what it lacks: nothing was read, or nobody else has confirmed that there is no more", () => {
  const list = (of: ReturnType<typeof snapshot> | undefined) =>
    listOf({ inbox, snapshot: of, self: laptop.key, nowMs: 0 });
  assert.deepEqual([list(snapshot()).incomplete, list(snapshot()).asOfBlock], [undefined, 10]);
  assert.equal(list(snapshot(9)).incomplete, "unconfirmed");
  const first = snapshotOf({ history: undefined, keyWallets: [], asOf: 0, confirmedAsOf: 0 });
  assert.deepEqual([list(first).incomplete, list(first).asOfBlock], [undefined, 0], "an inbox that is none");
  const unread = snapshotBefore({ snapshot: snapshot(), afterBlock: 0 });
  for (const one of [undefined, unread]) {
    const { incomplete, asOfBlock, installations, recovery } = list(one);
    assert.deepEqual([incomplete, asOfBlock, installations, recovery], ["unread", undefined, [], undefined]);
  }
});

test("the list has who added each installation, by what that is known, and which is one's own", () => {
  const { installations, wallets, recovery } = listOf({
    inbox,
    snapshot: snapshot(),
    self: laptop.key,
    nowMs: 0,
  });
  const common = { wallet: alice.address, vouchedBy: "secp256k1" };
  assert.deepEqual(installations, [
    { installation: phone.key, addedBlock: 1, revokedBlock: 3, isSelf: false, ...common },
    { installation: laptop.key, addedBlock: 2, revokedBlock: undefined, isSelf: true, ...common },
  ]);
  assert.deepEqual(wallets, [{ ...common, linkedBlock: 1, unlinkedBlock: undefined }]);
  assert.deepEqual(recovery, common);
});

test("an installation that never counts is on no list", () => {
  const history = historyOf();
  const installations = history.installations.map((one) =>
    one.installation === laptop.key ? { ...one, vouch: "nobody" as const } : one,
  );
  assert.equal(installations.filter(neverCounts).length, 1);
  const list = listOf({
    ...{ inbox, snapshot: snapshot(10, 10, { ...history, installations }), self: undefined, nowMs: 0 },
  });
  assert.deepEqual(
    list.installations.map(({ installation }) => installation),
    [phone.key],
  );
});

test("a wallet that will be the recovery wallet is named until it is", () => {
  const proposed = testHistory({ network, founder: alice });
  proposed.create(phone);
  proposed.propose(guard, alice, 100);
  const history = historyOf(2, proposed.steps);
  const changesAt = history.proposal?.changesAt ?? 0;
  const at = (nowMs: number) => {
    const list = listOf({ inbox, snapshot: snapshot(10, 10, history), self: undefined, nowMs });
    return [list.recovery?.wallet, list.nextRecovery?.wallet];
  };
  assert.deepEqual(at(changesAt * 1000 - 1), [alice.address, guard.address]);
  assert.deepEqual(at(changesAt * 1000), [guard.address, undefined]);
});

function take(params: {
  base?: number;
  known?: number;
  serve?: typeof steps;
  head?: number;
  change?: object;
}) {
  const { serve = steps, head = 3, change = {} } = params;
  const base = params.base === undefined ? undefined : historyOf(params.base);
  const history = params.known === undefined ? base : historyOf(params.known);
  const served = answerOf({ inbox, steps: serve, position: base ?? { count: 0, word: EMPTY_WORD } });
  return takeHistory({
    ...{ network, inbox, base, known: { history, keyWallets: [] }, finalityBlocks: 2 },
    ...{ served: { ...served, ...change }, head: { number: head, hash: "0x", time: 0 } },
  });
}

test("a history goes on from what is known, or replaces it while nothing of that is final", () => {
  assert.deepEqual(take({}), { history: historyOf(), isWhole: true, isReplaced: false });
  assert.deepEqual(take({ base: 2 }), { history: historyOf(), isWhole: true, isReplaced: false });
  const other = testHistory({ network, founder: alice });
  other.create(phone);
  other.add(watch, alice);
  assert.equal(take({ base: 2, serve: other.steps, head: 3 }).isReplaced, true);
  assert.throws(() => take({ base: 2, serve: other.steps, head: 4 }), /rewritten/, "its last step is final");
});

test("what no contract can have written is the node's fault, by name", () => {
  const faults: [RegExp, Parameters<typeof take>[0]][] = [
    [/gap/, { base: 2, change: { from: 1 } }],
    [/gap/, { change: { count: 2 } }],
    [/too-long/, { change: { count: 1_000_000 } }],
    [/out-of-order/, { head: 2 }],
    [/word-mismatch/, { change: { word: EMPTY_WORD } }],
  ];
  for (const [fault, params] of faults) assert.throws(() => take(params), fault);
  assert.equal(take({ change: { count: 4 } }).isWhole, false, "the rest may come with the next page");
});

test("what was final stays as it was, additions and revocations, whatever replaces the rest", () => {
  const longer = testHistory({ network, founder: alice });
  longer.create(phone);
  longer.add(laptop, alice);
  longer.revoke(phone, alice);
  longer.add(watch, alice);
  const others = (change: (history: ReturnType<typeof testHistory>) => void) => {
    const other = testHistory({ network, founder: alice });
    other.create(phone);
    other.add(laptop, alice);
    change(other);
    other.link(guard, alice);
    return other.steps;
  };
  const replace = (serve: typeof steps, head: number) => {
    const base = historyOf(4, longer.steps);
    const served = answerOf({ inbox, steps: serve, position: base });
    return takeHistory({
      ...{ network, inbox, base, known: { history: base, keyWallets: [] }, finalityBlocks: 2 },
      ...{ served, head: { number: head, hash: "0x", time: 0 } },
    }).isReplaced;
  };
  const revoked = others((other) => other.revoke(phone, alice));
  const kept = others((other) => other.propose(guard, alice, 100));
  assert.equal(replace(revoked, 5), true, "the revocation in block 3 is final, and stands");
  assert.throws(() => replace(kept, 5), /rewritten/);
  assert.equal(replace(kept, 4), true, "it is not final yet");
});

test("a wallet that has shown a key of its own does not sign by a contract", () => {
  const signature = new Uint8Array(65).fill(1);
  const forged = steps
    .slice(0, 2)
    .map((step) => ("consent" in step ? { ...step, consent: { ...step.consent, signature } } : step));
  const served = answerOf({ inbox, steps: forged, position: { count: 0, word: EMPTY_WORD } });
  const takeAs = (...keyWallets: (typeof alice.address)[]) =>
    takeHistory({
      ...{
        network,
        inbox,
        base: undefined,
        known: { history: undefined, keyWallets },
        finalityBlocks: 2,
        served,
      },
      head: { number: 3, hash: "0x", time: 0 },
    });
  assert.throws(() => takeAs(alice.address), /forged/);
  assert.equal(takeAs(guard.address).isWhole, true, "guard has signed nothing here");
  const vouches = takeAs().history?.installations.map(({ vouch }) => vouch);
  assert.deepEqual(vouches, ["contract", "contract"]);
});
