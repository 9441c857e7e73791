import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { planAdds, WAITS_FOR_ALL } from "../../src/reconciler/intents/planAdds.ts";
import { progressAfter } from "../../src/reconciler/intents/progressAfter.ts";
import { firstContext } from "../../src/reconciler/policy/nextContext.ts";
import { failed, type Intent } from "../../src/reconciler/records/intent.ts";
import { asId, type EntryId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import type { KeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import {
  MAX_ADD_BYTES_PER_COMMIT,
  MAX_ADDS_PER_COMMIT,
  MAX_ENTRY_PAYLOAD_BYTES,
} from "../../src/wire/limits.ts";
import { testId, testIntent } from "../support/testIntent.ts";

/** A key package of so many bytes, as far as planning cares. */
function recordOf(installation: number, bytes = 320): KeyPackageRecord {
  const key = asId<InstallationKey>(`0x${installation.toString(16).padStart(64, "0")}`);
  return { installation: key, keyPackage: new Uint8Array(bytes) } as unknown as KeyPackageRecord;
}

const me = { inbox: testId<InboxId>(0), installation: recordOf(0).installation, leafIndex: 0 };

type Invited = ReadonlyMap<InboxId, readonly KeyPackageRecord[]>;

/** The commits by which an addition goes in, one after the other; the plan that ended it. */
function planAll(invited: Invited, members = 1) {
  const inboxes = [...invited.keys()];
  const present = [...Array(members).keys()].map((i) => ({ ...me, inbox: testId<InboxId>(10_000 + i) }));
  const context = firstContext({ drawBytes: randomBytes, name: "crowd", creator: me.inbox });
  const view = { epoch: 1, context, members: [me, ...present.slice(1)] };
  let intent = testIntent({
    action: { kind: "add", members: inboxes },
    resolved: inboxes,
    remaining: inboxes,
  });
  const commits: (readonly KeyPackageRecord[])[] = [];
  for (;;) {
    const plan = planAdds({ intent, view, keyPackages: invited });
    if (plan.kind === "no-key-package" && intent.landed.length === 0 && intent.attempts < 12) {
      intent = { ...intent, attempts: intent.attempts + 1 };
      continue;
    }
    if (plan.kind !== "adds") return { plan, commits, intent };
    commits.push(plan.adds);
    const added = new Set(plan.adds.map(({ installation }) => installation));
    const isIn = (inbox: InboxId) => invited.get(inbox)?.some((one) => added.has(one.installation)) ?? false;
    const remaining = (intent.remaining ?? []).filter((inbox) => !isIn(inbox));
    intent = { ...intent, remaining, landed: [...intent.landed, testId<EntryId>(commits.length)] };
    if (remaining.length === 0) return { plan, commits, intent };
  }
}

function crowdOf(size: number, packagesOf: (i: number) => readonly KeyPackageRecord[]): Invited {
  return new Map(Array.from({ length: size }, (_, i) => [testId<InboxId>(i + 1), packagesOf(i + 1)]));
}

test("999 invitees take five commits, a group takes no more", () => {
  const { commits, plan } = planAll(crowdOf(999, (i) => [recordOf(i)]));
  assert.deepEqual(
    commits.map(({ length }) => length),
    [200, 200, 200, 200, 199],
  );
  assert.equal(plan.kind, "adds");
  const tooMany = planAll(crowdOf(998, (i) => [recordOf(i), ...(i < 3 ? [recordOf(2000 + i)] : [])]));
  assert.deepEqual([tooMany.plan, tooMany.commits], [{ kind: "fail", reason: "too-many-members" }, []]);
  assert.equal(
    planAll(
      crowdOf(1, () => [recordOf(1)]),
      1000,
    ).plan.kind,
    "fail",
  );
});

test("commits are split by bytes, and inboxes only where they have to be", () => {
  assert.ok(MAX_ADD_BYTES_PER_COMMIT + 2048 < MAX_ENTRY_PAYLOAD_BYTES, "room for padding and framing");
  const fat = planAll(crowdOf(100, (i) => [recordOf(i, 8000)]));
  assert.deepEqual(new Set(fat.commits.map(({ length }) => length)), new Set([9, 1]));
  const pairs = planAll(crowdOf(150, (i) => [recordOf(2 * i), recordOf(2 * i + 1)]));
  assert.deepEqual(
    pairs.commits.map(({ length }) => length),
    [MAX_ADDS_PER_COMMIT, 100],
  );
  const triples = planAll(crowdOf(70, (i) => [recordOf(3 * i), recordOf(3 * i + 1), recordOf(3 * i + 2)]));
  assert.equal(triples.commits[0]?.length, 198, "the last one would be torn apart");
  const giant = planAll(crowdOf(1, () => Array.from({ length: 32 }, (_, i) => recordOf(i + 1, 8000))));
  assert.deepEqual(
    giant.commits.map(({ length }) => length),
    [9],
    "the others are taken in by upkeep",
  );
});

test("who has no key package comes last and does not hold up the others", () => {
  const { commits, plan, intent } = planAll(crowdOf(300, (i) => (i % 100 === 0 ? [] : [recordOf(i)])));
  assert.deepEqual(
    commits.map(({ length }) => length),
    [200, 97],
  );
  assert.deepEqual(
    [plan.kind, intent.remaining?.length, intent.attempts],
    ["no-key-package", 3, WAITS_FOR_ALL],
  );
  const ended = failed(intent, "no-key-package");
  assert.deepEqual(ended.progress, { kind: "landed", failure: "no-key-package" }, "Welcomes first");
  const outcome = { kind: "failed", reason: "no-key-package" } as const;
  const settled: Intent = { ...ended, acknowledged: true, progress: { kind: "settled", outcome } };
  assert.deepEqual(progressAfter({ intent: ended, publications: [] }), settled);
});
