import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { activeInstallations } from "../../src/identity/inbox.ts";
import { type InboxHistory, knownInboxOf, recoveryAt } from "../../src/identity/inboxHistory.ts";
import { type HistoryFault, replayHistory } from "../../src/identity/replayHistory.ts";
import type { IdentityStep, StepConsent } from "../../src/wire/identityStep.ts";
import { decodeIdentityStep, encodeIdentityStep } from "../../src/wire/identityStepCodec.ts";
import type { InboxId } from "../../src/wire/ids.ts";
import { everyKindOfStep } from "../support/everyKindOfStep.ts";
import { signStep, testHistory, testInstallation, testWallet, wordsOf } from "../support/testHistory.ts";
import { testNetwork as network } from "../support/testNetwork.ts";

const [alice, bob, mallory] = [testWallet("alice"), testWallet("bob"), testWallet("mallory")];
const [phone, laptop, ghost] = [
  testInstallation("phone"),
  testInstallation("laptop"),
  testInstallation("ghost"),
];
const NO_SIGNATURE = new Uint8Array([1, 2, 3]);

type Replayed = { inbox: InboxId; steps: readonly IdentityStep[] };

function replayed({ inbox, steps }: Replayed): InboxHistory {
  const replay = replayHistory({ network, inbox, known: undefined, steps });
  assert.ok(replay.kind === "replayed" && replay.history, inspect(replay));
  return replay.history;
}

function assertFault(params: Replayed & { fault: HistoryFault; step: number }): void {
  const { inbox, steps, fault, step } = params;
  const replay = replayHistory({ network, inbox, known: undefined, steps });
  assert.deepEqual(replay, { kind: "impossible", fault, step });
}

/** The same step with what no key has signed, as a contract might take it. */
function unsigned(step: IdentityStep): IdentityStep {
  if (step.kind === "revoke-installation") return { ...step, signature: NO_SIGNATURE };
  const empty = (consent: StepConsent) => ({ ...consent, signature: NO_SIGNATURE });
  return step.kind === "link-wallet"
    ? { ...step, byConsent: empty(step.byConsent), walletConsent: empty(step.walletConsent) }
    : { ...step, consent: empty(step.consent) };
}

function active(history: InboxHistory, block = 1_000) {
  return activeInstallations({ inbox: knownInboxOf(history), block });
}

test("every kind of step, signed by keys, in one go or step by step", () => {
  const history = everyKindOfStep();
  const { inbox, steps, second, heir } = history;
  const whole = replayed(history);
  assert.deepEqual([whole.count, whole.word], [steps.length, wordsOf(history).at(-1)]);
  assert.deepEqual(active(whole), [history.laptop.key]);
  const kinds = [...whole.installations, ...whole.wallets, whole.recovery].map(({ vouch }) => vouch);
  assert.deepEqual(new Set(kinds), new Set(["secp256k1"]));
  assert.equal(whole.wallets.find(({ wallet }) => wallet === second.address)?.unlinkedBlock, 7);
  assert.deepEqual([whole.recovery.wallet, whole.proposal], [history.alice.address, undefined]);
  assert.notEqual(whole.recovery.wallet, heir.address);
  let known: InboxHistory | undefined;
  for (const step of steps) {
    const replay = replayHistory({ network, inbox, known, steps: [step] });
    assert.ok(replay.kind === "replayed");
    known = replay.history;
  }
  assert.deepEqual(known, whole);
});

test("steps survive their encoding, and no other encoding is taken", () => {
  const { steps } = everyKindOfStep();
  for (const step of steps) {
    const bytes = encodeIdentityStep(step);
    assert.deepEqual(decodeIdentityStep(bytes), step);
    assert.throws(() => decodeIdentityStep(bytes.subarray(0, -1)), { name: "WeftError" });
    assert.throws(() => decodeIdentityStep(Uint8Array.of(...bytes, 0x08, 0)), { code: "malformed" });
  }
  const [step] = steps;
  assert.ok(step?.kind === "create-inbox");
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 256n - 1n), fc.bigInt(0n, 2n ** 256n - 1n), (nonce, deadline) => {
      const one = { ...step, consent: { ...step.consent, nonce, deadline } };
      assert.deepEqual(decodeIdentityStep(encodeIdentityStep(one)), one);
    }),
  );
});

test("bytes that are no step are refused by name, whatever they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const step = decodeIdentityStep(bytes);
        assert.deepEqual(encodeIdentityStep(step), Uint8Array.from(bytes));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "malformed");
      }
    }),
    { numRuns: 500 },
  );
});

test("a wallet that is not linked adds nobody; neither does one that was unlinked", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.add(ghost, mallory);
  assertFault({ ...history, fault: "not-permitted", step: 1 });
  const unlinked = testHistory({ network, founder: alice });
  unlinked.create(phone);
  unlinked.link(bob, alice);
  unlinked.add(laptop, bob);
  unlinked.unlink(bob, alice);
  // What it added stays.
  assert.deepEqual(active(replayed(unlinked)), [phone.key, laptop.key]);
  unlinked.add(ghost, bob);
  assertFault({ ...unlinked, fault: "not-permitted", step: 4 });
});

test("a revocation is of the wallet that added it, linked or not, or of the recovery wallet", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.link(bob, alice);
  history.add(laptop, bob);
  history.unlink(bob, bob);
  history.revoke(laptop, bob);
  assert.deepEqual(active(replayed(history)), [phone.key]);
  history.revoke(laptop, bob);
  assertFault({ ...history, fault: "not-permitted", step: 5 });

  const others = testHistory({ network, founder: alice });
  others.create(phone);
  others.link(bob, alice);
  others.revoke(phone, bob);
  assertFault({ ...others, fault: "not-permitted", step: 2 });
});

test("a lie about the recovery wallet: it is in force after its delay, unless vetoed, and by nobody else's word", () => {
  const build = (delaySeconds: number) => {
    const history = testHistory({ network, founder: alice });
    history.create(phone);
    history.propose(bob, alice, delaySeconds);
    return history;
  };
  // Blocks are 10 s apart.
  const early = build(100);
  early.revoke(phone, bob);
  assertFault({ ...early, fault: "not-permitted", step: 2 });
  const due = build(10);
  due.revoke(phone, bob);
  assert.deepEqual(active(replayed(due)), []);
  const vetoed = build(1_000);
  vetoed.veto(bob, alice);
  assert.equal(recoveryAt({ history: replayed(vetoed), time: 1e9 }).wallet, alice.address);
  const late = build(10);
  late.veto(bob, alice);
  assertFault({ ...late, fault: "not-permitted", step: 2 });
  const foreign = testHistory({ network, founder: alice });
  foreign.create(phone);
  foreign.propose(mallory, mallory, 10);
  assertFault({ ...foreign, fault: "not-permitted", step: 1 });
});

test("out of order, expired, used numbers, the wrong inbox, too many", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.add(laptop, alice);
  const { inbox } = history;
  const [create, add] = history.steps as [IdentityStep, IdentityStep];
  assertFault({ inbox, steps: [create, { ...add, block: 0 }], fault: "out-of-order", step: 1 });
  assertFault({ inbox, steps: [create, { ...add, time: 1 }], fault: "out-of-order", step: 1 });
  assertFault({ inbox, steps: [create, { ...add, block: 1 }], fault: "out-of-order", step: 1 });
  assertFault({ inbox, steps: [create, { ...add, time: 2 ** 42 }], fault: "expired", step: 1 });
  assertFault({ inbox, steps: [add], fault: "wrong-inbox", step: 0 });
  const other = testHistory({ network, founder: bob });
  other.create(phone);
  assertFault({ inbox, steps: other.steps, fault: "wrong-inbox", step: 0 });
  assertFault({ inbox, steps: [create, { ...create, block: 2, time: 20 }], fault: "used-nonce", step: 1 });

  const full = testHistory({ network, founder: alice });
  full.create(phone);
  for (let i = 0; i < 32; i++) full.add(testInstallation(`${i}`), alice);
  assertFault({ ...full, fault: "not-permitted", step: 32 });
});

test("at 1,024 steps there is room for revocations only", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.add(laptop, alice);
  const first = replayed(history);
  const known: InboxHistory = { ...first, count: 1_024 };
  const steps = [history.revoke(laptop, alice)];
  const replay = replayHistory({ network, inbox: history.inbox, known, steps });
  assert.deepEqual(replay.kind === "replayed" && replay.history?.count, 1_025);
  const over = replayHistory({ network, inbox: history.inbox, known, steps: [history.link(bob, alice)] });
  assert.deepEqual(over, { kind: "impossible", fault: "too-long", step: 1_024 });
});

test("an addition with another signature of the installation is a step, and void", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  const added = history.add(laptop, alice);
  assert.ok(added.kind === "add-installation");
  const { inbox, steps } = history;
  const swapped = { ...added, installationSignature: new Uint8Array(64).fill(7) };
  const resigned = signStep({ network, inbox, step: swapped, signers: [alice] });
  const known = replayed({ inbox, steps: [...steps.slice(0, 1), resigned] });
  assert.deepEqual([known.installations.length, active(known)], [2, [phone.key]]);
  // Its key stays taken, as on the chain.
  assertFault({
    inbox,
    steps: [...steps.slice(0, 1), resigned, later(added, 3)],
    fault: "used-nonce",
    step: 2,
  });
});

test("a history of another chain proves nothing: none of its installations counts", () => {
  const elsewhere = testHistory({ network: { ...network, chainId: 1 }, founder: alice });
  elsewhere.create(phone);
  elsewhere.add(laptop, alice);
  const known = replayed(elsewhere);
  assert.deepEqual(active(known), []);
  assert.deepEqual(
    known.installations.map(({ vouch, isVoid }) => [vouch, isVoid]),
    [
      ["contract", true],
      ["contract", true],
    ],
  );
});

test("what no key signed rests on the chain's word, and so does all that follows from it", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.link(bob, alice);
  history.add(laptop, bob);
  const { inbox } = history;
  const [create, link, add] = history.steps as [IdentityStep, IdentityStep, IdentityStep];
  const known = replayed({ inbox, steps: [unsigned(create), unsigned(link), add] });
  assert.deepEqual(
    [known.recovery, ...known.wallets, ...known.installations].map(({ vouch }) => vouch),
    ["contract", "contract", "contract", "contract", "contract"],
  );
  assert.deepEqual(active(known), [phone.key, laptop.key]);
});

test("a wallet that has shown its key is no contract: what it did not sign changes nothing", () => {
  const history = testHistory({ network, founder: alice });
  history.create(phone);
  history.add(ghost, alice);
  history.revoke(phone, alice);
  history.link(mallory, alice);
  history.add(laptop, mallory);
  const { inbox } = history;
  const [create, add, revoke, link, byMallory] = history.steps.map((step, at) =>
    at === 0 || at === 4 ? step : unsigned(step),
  ) as [IdentityStep, IdentityStep, IdentityStep, IdentityStep, IdentityStep];
  // No ghost, no revocation, and nobody comes in by a wallet that was linked so.
  const known = replayed({ inbox, steps: [create, add, revoke, link, byMallory] });
  assert.deepEqual(active(known), [phone.key]);
  assert.deepEqual(
    known.installations.map(({ vouch }) => vouch),
    ["secp256k1", "nobody", "nobody"],
  );
  // The wallet's storage is followed nevertheless: later steps are judged by it.
  assert.equal(known.count, 5);
});

test("any change to a step changes the word, or is no step of this inbox", () => {
  const { inbox, steps } = everyKindOfStep();
  const word = wordsOf({ inbox, steps }).at(-1);
  const place = fc.record({
    at: fc.nat(steps.length - 1),
    field: fc.nat(20),
    shift: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(place, ({ at, field, shift }) => {
      const changed = steps.map((step, i) => (i === at ? changeField(step, field, shift) : step));
      const replay = replayHistory({ network, inbox, known: undefined, steps: changed });
      if (replay.kind === "replayed") assert.notEqual(replay.history?.word, word);
    }),
    { numRuns: 300 },
  );
});

/** One of its numbers, ids or signatures is another one. */
function changeField(step: IdentityStep, field: number, shift: number): IdentityStep {
  const paths = Object.entries(step).filter(([name]) => name !== "kind");
  const [name, value] = paths[field % paths.length] ?? ["block", step.block];
  return { ...step, [name]: changeValue(value, shift) } as IdentityStep;
}

function changeValue(value: unknown, shift: number): unknown {
  if (typeof value === "number") return value + shift;
  if (typeof value === "bigint") return value + BigInt(shift);
  if (value instanceof Uint8Array) return Uint8Array.from(value.with(0, (value[0] ?? 0) ^ shift));
  if (typeof value === "string") {
    const last = Number.parseInt(value.slice(-1), 16) ^ (shift & 0xf || 1);
    return `${value.slice(0, -1)}${last.toString(16)}`;
  }
  const consent = value as StepConsent;
  return { ...consent, deadline: consent.deadline + BigInt(shift) };
}

function later(step: IdentityStep, block: number): IdentityStep {
  return { ...step, block, time: block * 10 };
}
