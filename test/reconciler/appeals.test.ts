import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { generateX25519, randomBytes } from "#crypto";
import type { FreshPath } from "../../src/mls/path/createPath.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { authorityOf } from "../../src/reconciler/branch/epochSecrets.ts";
import { judgeAppeal } from "../../src/reconciler/entries/judgeAppeal.ts";
import { ownEvidence } from "../../src/reconciler/entries/judgeEvidence.ts";
import { foldEntry } from "../../src/reconciler/intents/foldEntry.ts";
import { limitOf } from "../../src/reconciler/intents/limitOf.ts";
import { nextAction } from "../../src/reconciler/intents/nextAction.ts";
import { relayed } from "../../src/reconciler/intents/relayed.ts";
import type { EntryFacts } from "../../src/reconciler/policy/judgeCommit.ts";
import { firstContext } from "../../src/reconciler/policy/nextContext.ts";
import { asAddress, type EntryId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import { VOID_BLOCKS } from "../../src/wire/limits.ts";
import { forgeCommit } from "../mls/support/forgeCommit.ts";
import { commit, foundWith, seatNamed } from "../mls/support/testGroup.ts";
import { testId, testIntent } from "../support/testIntent.ts";

const entry = testId<EntryId>(0xe);
const BLOCK = 1_000;

/** An inbox with as many installations. */
function inbox(digit: number, installations: number) {
  return Array.from({ length: installations }, (_, i) => ({
    inbox: testId<InboxId>(digit),
    installation: testId<InboxId>(16 * digit + i) as string as InstallationKey,
  }));
}

const members = [inbox(1, 3), inbox(2, 1), inbox(3, 2), inbox(4, 1)].flat();

/** Four members with a full tree: from the last to the first the path has one step, to its sibling two. */
function seats() {
  let all = foundWith(["far", "farther", "near", "mallory"]);
  for (const i of all.keys()) all = commit(all, i, {});
  return { far: seatNamed(all, "far"), near: seatNamed(all, "near"), mallory: seatNamed(all, "mallory") };
}

function factsAt(block: number, writer = members[0]): EntryFacts {
  assert.ok(writer);
  const context = firstContext({ drawBytes: randomBytes, name: "", creator: testId<InboxId>(1) });
  const roster = { context, members, revoked: new Set<InstallationKey>() };
  return { ...roster, writer, block, registryBlock: block, leavers: new Set() };
}

/** What a commit of mallory's is judged by, as `near` or `far` sees it. */
function contestedBy(change: Partial<Parameters<typeof forgeCommit>[0]>, named?: string) {
  const { far, near, mallory } = seats();
  const forged = forgeCommit({ seat: mallory, withPath: true, ...change });
  const authority = named === undefined ? authorityOf(forged.newState) : asAddress(named as `0x${string}`);
  const seen = ({ state }: { state: typeof far.state }) => {
    const verdict = verifyCommit({ state, commit: forged.commit });
    assert.ok(verdict.kind === "verified");
    return { state, verified: verdict.verified, authority };
  };
  const block = { number: BLOCK, hash: "0x", time: 0 } as const;
  return { near: seen(near), far: seen(far), contested: { id: entry, block, authority } };
}

const none = new Set<InboxId>();

test("more than half of the inboxes void an entry, however many installations they have and in whatever order", () => {
  const { far, contested } = contestedBy({});
  fc.assert(
    fc.property(fc.shuffledSubarray(members), (askers) => {
      const asked = new Set<InboxId>();
      for (const writer of askers) {
        const appeal = { kind: "request", entry } as const;
        const facts = factsAt(BLOCK + 1, writer);
        const judged = judgeAppeal({ ...far, facts, appeal, contested, asked: new Set(asked) });
        asked.add(writer.inbox);
        const voids = asked.size > 2 ? "majority-cut-off" : undefined;
        assert.deepEqual(judged, { kind: "counts", voids });
      }
    }),
    { numRuns: 50 },
  );
});

test("what lands too late, or is about something else, counts for nothing", () => {
  const { far, contested } = contestedBy({});
  const asked = new Set([testId<InboxId>(2), testId<InboxId>(3)]);
  const judge = (block: number, about = entry) =>
    judgeAppeal({
      ...far,
      facts: factsAt(block),
      appeal: { kind: "request", entry: about },
      contested,
      asked,
    });
  assert.deepEqual(judge(BLOCK + VOID_BLOCKS), { kind: "counts", voids: "majority-cut-off" });
  assert.deepEqual(judge(BLOCK + VOID_BLOCKS + 1), { kind: "refused", reason: "too-late" });
  const other = testId<EntryId>(1);
  assert.deepEqual(judge(BLOCK + 1, other), { kind: "refused", reason: "unknown-entry" });
  const revoked = new Set(members.map(({ installation }) => installation));
  const facts = { ...factsAt(BLOCK + 1), revoked };
  const appeal = { kind: "request", entry } as const;
  assert.deepEqual(judgeAppeal({ ...far, facts, appeal, contested, asked }), {
    kind: "refused",
    reason: "revoked",
  });
});

test("evidence voids what contradicts tag or authority, whoever shows it to whom, and nothing else", () => {
  const wrongTag = contestedBy({ spoil: "confirmation-tag" });
  const wrongAuthority = contestedBy({}, `0x${"11".repeat(20)}`);
  for (const [{ near, far, contested }, voids] of [
    [wrongTag, "contradicts-tag"],
    [wrongAuthority, "contradicts-authority"],
  ] as const) {
    for (const [shows, judges] of [
      [near, far],
      [far, near],
    ] as const) {
      const evidence = ownEvidence(shows);
      assert.ok(evidence);
      const appeal = { kind: "evidence", entry, ...evidence } as const;
      const judged = judgeAppeal({ ...judges, facts: factsAt(BLOCK + 1), appeal, contested, asked: none });
      assert.deepEqual(judged, { kind: "counts", voids });
    }
  }
  const honest = contestedBy({});
  assert.equal(ownEvidence(honest.near), undefined, "a good secret is never shown");
  const appeal = { kind: "evidence", entry, pathSecret: randomBytes(32), stepIndex: 0 } as const;
  const { far, contested } = honest;
  assert.deepEqual(judgeAppeal({ ...far, facts: factsAt(BLOCK + 1), appeal, contested, asked: none }), {
    kind: "refused",
    reason: "proves-nothing",
  });
});

test("a secret that only contradicts keys above it is no evidence: others may follow", () => {
  const breakChain = (fresh: FreshPath): FreshPath => {
    const [lowest] = fresh.derived.pathSecrets;
    assert.ok(lowest);
    const others = fresh.derived.pathSecrets.slice(1).map(() => generateX25519().privateKey);
    return { ...fresh, derived: { ...fresh.derived, pathSecrets: [lowest, ...others] } };
  };
  const { near, far } = contestedBy({ changeFresh: breakChain });
  assert.equal(ownEvidence(far), undefined);
  assert.equal(ownEvidence(near), undefined);
});

const view: Parameters<typeof nextAction>[0]["view"] = {
  ...{
    status: "cut-off" as const,
    isRevoked: false,
    isCopied: false,
    isOrphaned: false,
    hasLeft: false,
    caughtUp: true,
    children: 3,
    block: 100,
  },
  ...{
    head: testId<EntryId>(1),
    standstillAtMs: Number.POSITIVE_INFINITY,
    isWidened: false,
    isAgreed: true,
    canSeal: true,
    isAwaiting: false,
  },
};

test("who is cut off writes nothing but that it is, and that only as long as it is", () => {
  const rotate = testIntent({ action: { kind: "rotate" } });
  const appeal = testIntent({ sequence: 2, action: { kind: "appeal", entry } });
  assert.deepEqual(nextAction({ intents: [rotate], view, nowMs: 0 }).kind, "wait");
  assert.deepEqual(nextAction({ intents: [rotate, appeal], view, nowMs: 0 }), {
    kind: "stage",
    intent: appeal,
  });
  const member = { ...view, status: "member" as const };
  assert.deepEqual(nextAction({ intents: [rotate, appeal], view: member, nowMs: 0 }), {
    kind: "fail",
    intent: appeal,
    reason: "already-done",
  });
});

test("a commit comes after the siblings that were read, after any number under a flood", () => {
  const place = { entry, parent: testId<EntryId>(1), needsChildren: 0, submitted: undefined };
  const progress = { kind: "staged", ...place } as const;
  let intent = testIntent({ action: { kind: "rotate" }, progress });
  for (let stales = 0; stales < 3; stales++) {
    assert.equal(limitOf({ intent, children: 5 }), 5);
    const handedOver = {
      block: 1,
      nowMs: 0,
      operator: asAddress(new Uint8Array(20)),
      operators: 2,
      chance: Math.random,
    };
    intent = relayed({ ...handedOver, intent, outcome: { kind: "stale", children: 6 } });
  }
  assert.equal(limitOf({ intent, children: 5 }), 2 ** 24 - 1);
  const appeal = testIntent({ action: { kind: "appeal", entry }, progress });
  assert.equal(limitOf({ intent: appeal, children: 5 }), 2 ** 24 - 1);
});

test("an own entry that lands after something else was tried in its place counts for its intent", () => {
  const place = {
    entry: testId<EntryId>(2),
    parent: testId<EntryId>(1),
    needsChildren: 0,
    submitted: undefined,
  };
  const intent = testIntent({ action: { kind: "rotate" }, progress: { kind: "staged", ...place } });
  const none = { entry, joined: new Set<InboxId>(), gone: new Set<InboxId>() };
  const late = foldEntry({ intent, change: { ...none, own: intent.id } });
  assert.deepEqual([late.progress.kind, late.landed], ["landed", [entry]]);
  assert.equal(foldEntry({ intent, change: none }).progress.kind, "queued");
});

test("who is out, but expects an entry that brings it in again, waits with all that it was asked for", () => {
  const rotate = testIntent({ action: { kind: "rotate" } });
  const out = { ...view, status: "removed" as const };
  const failed = { kind: "fail", intent: rotate, reason: "removed" };
  assert.deepEqual(nextAction({ intents: [rotate], view: out, nowMs: 0 }), failed);
  assert.equal(nextAction({ intents: [rotate], view: { ...out, isAwaiting: true }, nowMs: 0 }).kind, "wait");
});
