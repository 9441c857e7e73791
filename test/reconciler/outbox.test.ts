import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../../src/errors.ts";
import { foldEntry } from "../../src/reconciler/intents/foldEntry.ts";
import {
  nextAction,
  RESUBMIT_BLOCKS,
  RESUBMIT_FEW_MS,
  RESUBMIT_MS,
} from "../../src/reconciler/intents/nextAction.ts";
import { refusedIntent } from "../../src/reconciler/intents/refusedIntent.ts";
import { relayed } from "../../src/reconciler/intents/relayed.ts";
import { voidedIntent } from "../../src/reconciler/intents/voidedIntent.ts";
import type { Action, Intent } from "../../src/reconciler/records/intent.ts";
import { type Address, asAddress, type EntryId, type InboxId, type MessageId } from "../../src/wire/ids.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const [bob, carol] = [testId<InboxId>(0xb), testId<InboxId>(0xc)];
const [head, mine, theirs] = [testId<EntryId>(1), testId<EntryId>(2), testId<EntryId>(3)];
const rotate: Action = { kind: "rotate" };
const send = {
  kind: "send",
  message: testId<EntryId>(9) as unknown as MessageId,
  content: {} as never,
} satisfies Action;
const staged = {
  kind: "staged",
  entry: mine,
  parent: head,
  needsChildren: 0,
  submitted: undefined,
} as const;
const view = {
  ...({ status: "member", hasLeft: false, caughtUp: true, head, children: 0, block: 100 } as const),
  ...{ standstillAtMs: 1e12, isWidened: false, isAgreed: true, canSeal: true, isAwaiting: false },
  ...{ isRevoked: false, isCopied: false, isOrphaned: false },
};
const none = { joined: new Set<InboxId>(), gone: new Set<InboxId>() };

function next(intents: readonly Intent[], other: Partial<Parameters<typeof nextAction>[0]["view"]> = {}) {
  return nextAction({ intents, view: { ...view, ...other }, nowMs: 10_000 });
}

test("what was written after a commit of one's own waits for it", () => {
  const commit = testIntent({ action: rotate, sequence: 1, progress: staged });
  const message = testIntent({ action: send, sequence: 2 });
  assert.equal(next([commit, message]).kind, "submit");
  const handedOver = {
    ...commit,
    progress: { ...staged, submitted: { block: 100, atMs: 10_000, chance: Math.random } },
  };
  const waiting = next([handedOver, message]);
  assert.ok(waiting.kind === "wait" && waiting.why === "on-chain");
  const landed: Intent = { ...commit, progress: { kind: "landed" } };
  assert.equal(next([landed, message]).kind, "seal");
});

test("messages overtake commits while the chain stands still, but not a removal", () => {
  const submitted = { ...staged, submitted: { block: 100, atMs: 10_000 } };
  const commit = testIntent({ action: rotate, sequence: 1, progress: submitted });
  const message = testIntent({ action: send, sequence: 2 });
  assert.deepEqual(next([commit, message], { standstillAtMs: 10_500 }), {
    ...{ kind: "wait", why: "on-chain", untilMs: 10_500 },
  });
  assert.equal(next([commit, message], { standstillAtMs: 10_000 }).kind, "seal");
  const removal = { ...commit, action: { kind: "remove", members: [] } as const };
  assert.equal(next([removal, message], { standstillAtMs: 10_000 }).kind, "wait");
  const behind = next([commit, { ...removal, sequence: 3 }, message], { standstillAtMs: 10_000 });
  assert.equal(behind.kind, "wait", "also one that waits behind another commit");
  const founding = { standstillAtMs: 10_000, status: "creating" } as const;
  const create = { ...commit, action: { kind: "create", name: "", members: [] } as const };
  assert.equal(next([create, message], founding).kind, "wait");
});

test("nothing is sealed to members whom an entry that may land again has removed", () => {
  const message = testIntent({ action: send });
  assert.deepEqual(next([message], { isWidened: true }), {
    ...{ kind: "wait", why: "reorganized", untilMs: undefined },
  });
});

test("a commit waits until the messages before it have a receipt", () => {
  const message = testIntent({
    action: send,
    sequence: 1,
    progress: { kind: "sealed", head, envelope: mine as never },
  });
  const commit = testIntent({ action: rotate, sequence: 2 });
  assert.deepEqual(next([message, commit]), { kind: "wait", why: "earlier-message", untilMs: undefined });
  assert.equal(next([{ ...message, acknowledged: true }, commit]).kind, "stage");
});

test("nothing is sealed or staged by who is behind the chain, joining or removed", () => {
  const intents = [testIntent({ action: send })];
  assert.equal(next(intents, { caughtUp: false }).kind, "wait");
  assert.equal(next(intents, { status: "joining" }).kind, "wait");
  assert.equal(next(intents, { status: "cut-off" }).kind, "wait");
  const removed = next(intents, { status: "removed" });
  assert.ok(removed.kind === "fail" && removed.reason === "removed");
  const revoked = next(intents, { caughtUp: false, isRevoked: true });
  assert.ok(revoked.kind === "fail" && revoked.reason === "revoked");
  const failed = next(intents, { status: "creating" });
  assert.ok(failed.kind === "fail" && failed.reason === "unknown-group");
});

test("a copy seals and stages nothing until its new installation is in the group", () => {
  const intents = [testIntent({ action: send }), testIntent({ action: rotate, sequence: 2 })];
  assert.deepEqual(next(intents, { isCopied: true }), { kind: "wait", why: "copied", untilMs: undefined });
  const alone = next(intents, { isCopied: true, isOrphaned: true });
  assert.ok(alone.kind === "fail" && alone.reason === "copied", "nobody will take it in");
  const revoked = next(intents, { isCopied: true, isRevoked: true });
  assert.ok(revoked.kind === "fail" && revoked.reason === "revoked");
});

const [one, other] = [1, 2].map((digit) => asAddress(new Uint8Array(20).fill(digit))) as [Address, Address];
const handedOver = { block: 100, nowMs: 0, operator: one, operators: 2, chance: Math.random };

/** What becomes of a commit that these operators refuse, one after the other. */
function refused(params: {
  by: readonly { operator: Address; code: ErrorCode }[];
  attempts?: number;
  operators?: number;
}) {
  const { by, attempts = 0, operators = 3 } = params;
  const commit = { ...testIntent({ action: rotate, progress: staged }), attempts };
  const { progress } = by.reduce((intent, { operator, code }) => {
    const outcome = { kind: "refused", code, hint: "" } as const;
    return relayed({ ...handedOver, intent, outcome, operator, operators });
  }, commit);
  return progress.kind === "settled" && progress.outcome.kind === "failed"
    ? progress.outcome.reason
    : progress.kind;
}

test("a refusal that lasts ends a commit once two operators agree on it, others never do", () => {
  const said = (operator: Address, code: ErrorCode) => ({ operator, code });
  const words = Array.from({ length: 30 }, () => said(one, "too-large"));
  assert.equal(refused({ by: words }), "staged", "one operator may say it as often as it likes");
  assert.equal(refused({ by: [said(one, "too-large"), said(other, "too-large")] }), "too-large");
  assert.equal(refused({ by: [said(one, "too-large"), said(other, "malformed")] }), "staged");
  assert.equal(refused({ by: [said(one, "too-large")], operators: 1 }), "too-large");
  const both = [said(one, "bad-signature"), said(other, "bad-signature")];
  assert.equal(refused({ by: both, attempts: 3 }), "staged");
  assert.equal(refused({ by: both, attempts: 20 }), "refused");
  const changed = [said(one, "bad-signature"), said(one, "malformed"), said(other, "bad-signature")];
  assert.equal(refused({ by: changed, attempts: 20 }), "staged", "an operator's latest word counts");
  const behind = [said(one, "unknown-parent"), said(other, "unknown-parent")];
  assert.equal(refused({ by: behind, attempts: 20 }), "staged");
});

test("a commit that does not land is handed over again after some blocks", () => {
  const submitted = { block: 100, atMs: 10_000 };
  const commit = testIntent({ action: rotate, progress: { ...staged, submitted } });
  const later = (block: number, nowMs: number) =>
    nextAction({ intents: [commit], view: { ...view, block }, nowMs }).kind;
  assert.equal(later(101, 1e9), "wait");
  assert.equal(later(102, 10_000 + RESUBMIT_FEW_MS), "submit", "blocks are rare here");
  assert.equal(later(100 + RESUBMIT_BLOCKS - 1, 10_000 + RESUBMIT_FEW_MS - 1), "wait");
  assert.equal(later(100 + RESUBMIT_BLOCKS, 10_000 + RESUBMIT_MS - 1), "wait");
  assert.equal(later(100 + RESUBMIT_BLOCKS, 10_000 + RESUBMIT_MS), "submit");
});

test("a node whose word led to nothing counts as one that has failed, and the next one gets the commit", () => {
  const outcome = { kind: "submitted", transaction: mine } as const;
  const commit = testIntent({ action: rotate, progress: staged });
  const first = relayed({ ...handedOver, intent: commit, outcome });
  assert.equal(first.attempts, 0);
  assert.equal(relayed({ ...handedOver, intent: first, outcome }).attempts, 1);
});

test("stale with the same head: the same payload again once the siblings have been read", () => {
  const commit = testIntent({ action: rotate, progress: staged });
  const stale = relayed({ ...handedOver, intent: commit, outcome: { kind: "stale", children: 1 } });
  assert.equal(stale.racesLost, 1);
  assert.deepEqual(next([stale]), { kind: "wait", why: "on-chain", untilMs: undefined });
  const again = next([stale], { children: 1 });
  assert.ok(again.kind === "submit" && again.intent.progress === stale.progress);
  const beaten = foldEntry({ intent: stale, change: { entry: theirs, ...none } });
  const unseen = next([stale], { block: 100 + RESUBMIT_BLOCKS });
  assert.equal(unseen.kind, "submit", "a reorganization may have taken the sibling before it was read");
  assert.equal(beaten.racesLost, 1, "one race is lost once");
  assert.equal(beaten.rebased, 1);
  assert.deepEqual(beaten.progress, { kind: "queued" });
});

test("a lost race takes off what the winner has done", () => {
  const action: Action = { kind: "add", members: [bob, carol] };
  const add = testIntent({ action, progress: staged, resolved: [bob, carol], remaining: [bob, carol] });
  const half = foldEntry({ intent: add, change: { entry: theirs, ...none, joined: new Set([bob]) } });
  assert.deepEqual(half.remaining, [carol]);
  assert.deepEqual(half.progress, { kind: "queued" });
  const all = foldEntry({ intent: add, change: { entry: theirs, ...none, joined: new Set([bob, carol]) } });
  assert.deepEqual(all.progress, { kind: "settled", outcome: { kind: "failed", reason: "already-done" } });
  const own = foldEntry({ intent: add, change: { entry: mine, ...none, joined: new Set([bob, carol]) } });
  assert.deepEqual([own.progress, own.landed], [{ kind: "landed" }, [mine]]);
  const part = foldEntry({ intent: add, change: { entry: mine, ...none, joined: new Set([bob]) } });
  assert.deepEqual([part.progress, part.remaining], [{ kind: "queued" }, [carol]]);
});

test("who was removed and taken in again since is not removed twice", () => {
  const action: Action = { kind: "remove", members: [bob] };
  const remove = testIntent({ action, resolved: [bob], remaining: [bob] });
  const gone = foldEntry({ intent: remove, change: { entry: theirs, ...none, gone: new Set([bob]) } });
  assert.deepEqual(gone.progress, { kind: "settled", outcome: { kind: "failed", reason: "already-done" } });
});

test("a reorganization sends the same bytes again, once their parent is there", () => {
  const record = {
    intent: "0x",
    parent: head,
    authority: "0x" as never,
    payload: new Uint8Array(),
    registryBlock: 0,
    welcome: undefined,
  } as const;
  const delivered = testIntent({
    action: rotate,
    landed: [mine],
    progress: { kind: "settled", outcome: { kind: "delivered" } },
  });
  const kept = new Map([[mine, record]]);
  const again = voidedIntent({ intent: delivered, gone: new Set([mine]), staged: kept });
  assert.deepEqual(again?.progress, staged);
  const both = voidedIntent({ intent: delivered, gone: new Set([mine, head]), staged: kept });
  assert.deepEqual(both?.progress, staged);
  assert.ok(both);
  assert.equal(next([both], { head: theirs }).kind, "wait");
  assert.equal(next([both]).kind, "submit");
  const back = foldEntry({ intent: both, change: { entry: head, ...none } });
  assert.deepEqual(back.progress, staged);
  const beaten = foldEntry({ intent: both, change: { entry: theirs, ...none } });
  assert.deepEqual(beaten.progress, { kind: "queued" });
  assert.equal(voidedIntent({ intent: delivered, gone: new Set([theirs]), staged: kept }), undefined);
});

test("a refused commit ends with its reason, or is tried again if time can heal it", () => {
  const commit = testIntent({ action: rotate, progress: staged });
  const revoked = refusedIntent({ intent: commit, reason: "revoked", block: 100 });
  assert.deepEqual(revoked.progress, { kind: "settled", outcome: { kind: "failed", reason: "revoked" } });
  const soon = refusedIntent({ intent: commit, reason: "too-soon", block: 100 });
  assert.deepEqual(soon.progress, { kind: "queued" });
  assert.ok(soon.retryAtBlock > 100);
});

test("messages wait while the other has no device in a direct conversation, and upkeep takes it in first", () => {
  const message = testIntent({ action: send, sequence: 1 });
  const alone = { isNobodyThere: true };
  assert.equal(next([message]).kind, "seal");
  const waiting = next([message], alone);
  assert.ok(waiting.kind === "wait" && waiting.why === "nobody-there");
  const upkeep = testIntent({ action: { kind: "upkeep" }, sequence: 2 });
  const action = next([message, upkeep], alone);
  assert.ok(action.kind === "stage" && action.intent === upkeep);
  const revoked = next([message, upkeep], { ...alone, isRevoked: true });
  assert.ok(revoked.kind === "fail" && revoked.reason === "revoked");
});
