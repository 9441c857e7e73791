import assert from "node:assert/strict";
import { test } from "node:test";
import { contextBytes, type EntryPlan, planEntry } from "../../src/reconciler/intents/planEntry.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import { type Action, asInvitee, type Intent } from "../../src/reconciler/records/intent.ts";
import { readGroupContext } from "../../src/wire/groupContext.ts";
import type { InboxId, InstallationKey, MessageId } from "../../src/wire/ids.ts";
import {
  MAX_ADDS_PER_COMMIT,
  MAX_MEMBERS,
  UPKEEP_DISTANCE_BLOCKS,
  VOID_BLOCKS,
} from "../../src/wire/limits.ts";
import { testId, testIntent } from "../support/testIntent.ts";
import {
  alice,
  bob,
  carol,
  companyContext,
  companyView,
  countingDraw,
  dave,
  erin,
  inside,
  keyPackageOf,
  tablet,
} from "./company.ts";

type Given = Partial<Omit<Parameters<typeof planEntry>[0], "intent">>;

const block = 1_000;

function plan(action: Action, given: Given & { intent?: Partial<Intent> } = {}): EntryPlan {
  const { intent, ...others } = given;
  return planEntry({
    ...{ view: companyView(), self: alice, revoked: new Set(), former: new Set(), stranded: new Map() },
    ...{
      leaves: { leavers: new Set(), asked: new Set() },
      isDeleted: false,
      appeal: undefined,
      owed: undefined,
    },
    ...{ missing: [], keyPackages: new Map(), lastCommitBlock: undefined, lastAddBlock: undefined, block },
    drawBytes: countingDraw(100),
    ...others,
    intent: testIntent({ action, ...intent }),
  });
}

/** As an intent stands once its names are resolved. */
const about = (...inboxes: InboxId[]): { intent: Partial<Intent> } => ({
  intent: { resolved: inboxes, remaining: inboxes },
});
const upkeep: Action = { kind: "upkeep" };
const remove: Action = { kind: "remove", members: [] };
const add: Action = { kind: "add", members: [] };
const leaving = (...inboxes: InboxId[]) => ({
  leaves: { leavers: new Set(inboxes), asked: new Set<InboxId>() },
});
const packages = (...members: Member[]) =>
  Map.groupBy(
    members.map((one) => keyPackageOf(one)),
    ({ inbox }) => inbox,
  );
const leafOf = (member: Member): number => 10 + inside.indexOf(member);

function committed(planned: EntryPlan) {
  assert.ok(planned.kind === "commit", `no commit: ${JSON.stringify(planned)}`);
  return planned;
}

test("a rename and a role change nothing but that in the context", () => {
  const { context } = companyView();
  const renamed = committed(plan({ kind: "rename", name: "Other plans" }));
  assert.deepEqual(renamed.context, { ...context, name: "Other plans" });
  const promoted = committed(
    plan({ kind: "set-role", members: [asInvitee(carol.inbox)], role: "admin" }, about(carol.inbox)),
  );
  assert.deepEqual(promoted.context, { ...context, admins: [bob.inbox, carol.inbox] });
  assert.deepEqual([promoted.adds, promoted.removes], [[], []]);
});

test("what is so already is done if an entry of the intent has landed, else it fails and says so", () => {
  const same: Action = { kind: "rename", name: "Plans" };
  assert.deepEqual(plan(same), { kind: "fail", reason: "already-done" });
  const landed = { intent: { landed: [testId<never>(9)] } };
  assert.deepEqual(plan(same, landed), { kind: "done" });
});

test("who may not plans nothing: the policy's reason ends the intent", () => {
  const rename: Action = { kind: "rename", name: "Mine" };
  assert.deepEqual(plan(rename, { self: carol }), { kind: "fail", reason: "not-permitted" });
  assert.deepEqual(plan(rename, { self: erin }), { kind: "fail", reason: "not-a-member" });
  const revoked = new Set([bob.installation]);
  assert.deepEqual(plan(rename, { self: bob, revoked }), { kind: "fail", reason: "revoked" });
});

test("an inbox is removed with all its leaves, and the salt is drawn anew", () => {
  const { removes, context } = committed(plan(remove, about(dave.inbox)));
  assert.deepEqual(removes, [leafOf(dave), leafOf(tablet)]);
  assert.deepEqual(context?.salt, new Uint8Array(32).fill(100), "the first that was drawn");
  assert.deepEqual(committed(plan(remove, about(carol.inbox))).removes, [leafOf(carol)]);
});

test("whoever has a listing and no leaf is removed by losing its places alone", () => {
  const returning = [{ ...carol, block: block - 1 }];
  const context = companyContext({ returning, admins: [bob.inbox, carol.inbox].sort() });
  const view = companyView({ context, company: [alice, bob, dave, tablet] });
  const planned = committed(plan(remove, { view, ...about(carol.inbox) }));
  assert.deepEqual(planned.removes, []);
  assert.deepEqual(planned.context?.returning, []);
  assert.deepEqual(planned.context?.admins, [bob.inbox]);
  assert.deepEqual(planned.context?.salt, context.salt, "nobody had keys of this epoch that loses them");
});

test("whom an intent takes in while it asks to leave has to go first", () => {
  const keyPackages = packages(erin, carol);
  const both = { keyPackages, ...about(carol.inbox, erin.inbox) };
  const first = committed(plan(add, { ...both, ...leaving(carol.inbox) }));
  assert.deepEqual([first.removes, first.adds], [[leafOf(carol)], []]);
  const other = committed(plan(add, { ...both, ...leaving(dave.inbox) }));
  assert.deepEqual([other.removes, other.adds.map(({ inbox }) => inbox)], [[], [erin.inbox]]);
});

test("who has no key package is waited for; there is no commit without anybody", () => {
  assert.deepEqual(plan(add, about(erin.inbox)), { kind: "no-key-package" });
  assert.deepEqual(plan({ kind: "create", name: "", members: [] }, about()).kind, "commit", "a group of one");
});

test("what void entries have decided comes before any commit, not before words", () => {
  const owed = { removes: [carol], roles: [] };
  const later = { kind: "too-soon", block: block + 1 };
  assert.deepEqual(plan({ kind: "rename", name: "Other" }, { owed }), later);
  assert.deepEqual(plan({ kind: "rotate" }, { owed }), later);
  assert.deepEqual(plan({ kind: "leave" }, { owed, self: dave }).kind, "control");
  assert.deepEqual(committed(plan(upkeep, { owed })).removes, [leafOf(carol)], "upkeep repeats it");
});

test("upkeep repeats demotions as they were, and promotes nobody by that", () => {
  const context = companyContext({ admins: [bob.inbox, carol.inbox] });
  const view = companyView({ context });
  const owed = {
    removes: [],
    roles: [
      { inbox: carol.inbox, role: "member" },
      { inbox: dave.inbox, role: "admin" },
    ] as const,
  };
  const planned = committed(plan(upkeep, { view, owed }));
  assert.deepEqual(planned.context?.admins, [bob.inbox], "dave is less than that already");
});

test("upkeep takes out the revoked and leavers first, then takes in what is missing", () => {
  const missing = [{ inbox: carol.inbox, installation: testId<InstallationKey>(99) }];
  const keyPackages = packages(...missing);
  const revoked = new Set([tablet.installation]);
  const both = { missing, keyPackages, revoked, ...leaving(bob.inbox) };
  const first = committed(plan(upkeep, both));
  assert.deepEqual([first.removes, first.adds], [[leafOf(bob), leafOf(tablet)], []]);
  assert.deepEqual(first.context?.admins, [], "who is out has no role");
  const then = committed(plan(upkeep, { missing, keyPackages }));
  assert.deepEqual([then.removes, then.adds.map(({ installation }) => installation)], [[], [testId(99)]]);
  assert.deepEqual(then.context, undefined);
  assert.deepEqual(plan(upkeep), { kind: "done" });
});

test("a stranded leaf goes with its request, is listed with the block, and keeps its role", () => {
  const proof = Uint8Array.of(1, 2, 3);
  const stranded = new Map([[bob.installation, { ...bob, proof }]]);
  const planned = committed(plan(upkeep, { stranded, self: carol }));
  assert.deepEqual(planned.removes, [leafOf(bob)]);
  assert.deepEqual(planned.requests, [proof]);
  assert.deepEqual(planned.context?.returning, [{ ...bob, block }]);
  assert.deepEqual(planned.context?.admins, [bob.inbox]);
  assert.deepEqual(plan(upkeep, { stranded, self: bob }), { kind: "done" }, "nobody takes out itself");
});

test("a plain member keeps its distance from Adds and from its own inbox's commits, who has a role does not", () => {
  const revoked = new Set([tablet.installation]);
  const free = block + 1 - UPKEEP_DISTANCE_BLOCKS;
  const at = (lastAddBlock: number | undefined, lastCommitBlock?: number, self = carol) =>
    plan(upkeep, { revoked, self, lastAddBlock, lastCommitBlock }).kind;
  assert.equal(at(free), "commit");
  assert.equal(at(free + 1), "too-soon");
  assert.equal(at(undefined, free + 1), "too-soon");
  assert.equal(at(free + 1, free + 1, bob), "commit");
  const soon = plan(upkeep, { revoked, self: carol, lastAddBlock: free + 1 });
  assert.deepEqual(soon, { kind: "too-soon", block: block + 1 });
});

test("upkeep does not take out the last super admin that is active; with a second one it does", () => {
  const alone = plan(upkeep, { self: bob, ...leaving(alice.inbox) });
  assert.deepEqual(alone, { kind: "fail", reason: "last-super-admin" });
  const view = companyView({
    context: companyContext({ superAdmins: [alice.inbox, carol.inbox], admins: [] }),
  });
  assert.deepEqual(committed(plan(upkeep, { self: bob, view, ...leaving(alice.inbox) })).removes, [
    leafOf(alice),
  ]);
});

test("upkeep adds no more than an entry takes, and nobody to a full group", () => {
  const crowd = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      inbox: carol.inbox,
      installation: testId<InstallationKey>(1000 + i),
    }));
  const missing = crowd(MAX_ADDS_PER_COMMIT + 1);
  const planned = committed(plan(upkeep, { missing, keyPackages: packages(...missing) }));
  assert.equal(planned.adds.length, MAX_ADDS_PER_COMMIT);
  const none = plan(upkeep, { missing });
  assert.deepEqual(none, { kind: "fail", reason: "no-key-package" });
  const full = companyView({ company: [alice, ...crowd(MAX_MEMBERS - 1)] });
  const one = { missing: [dave], keyPackages: packages(dave) };
  assert.deepEqual(plan(upkeep, { view: full, ...one }), { kind: "fail", reason: "too-many-members" });
  const almost = companyView({ company: [alice, ...crowd(MAX_MEMBERS - 2)] });
  assert.equal(committed(plan(upkeep, { view: almost, ...one })).adds.length, 1);
});

test("a plain member renews its key after the interval since its own last commit, at once where there is none", () => {
  const { rotationIntervalBlocks: interval } = companyContext();
  const at = (lastCommitBlock: number | undefined, self = carol) =>
    plan({ kind: "rotate" }, { lastCommitBlock, self });
  assert.equal(at(undefined).kind, "commit");
  assert.equal(at(block + 1 - interval).kind, "commit");
  assert.deepEqual(at(block + 2 - interval), { kind: "too-soon", block: block + 1 });
  assert.equal(at(block + 2 - interval, bob).kind, "commit", "whoever has a role waits for nothing");
});

test("words become controls; one that has nothing to say ends", () => {
  const message = testId<never>(5) as MessageId;
  const deletion: Action = { kind: "delete", message, author: alice.inbox };
  const control = { kind: "control", instruction: { kind: "delete-message", message } };
  assert.deepEqual(plan(deletion), control);
  assert.deepEqual(plan(deletion, { isDeleted: true }), { kind: "fail", reason: "already-done" });
  assert.deepEqual(plan({ kind: "leave" }, { self: carol }), {
    kind: "control",
    instruction: { kind: "leave" },
  });
  const appeal: Action = { kind: "appeal", entry: testId<never>(6) };
  const request = { kind: "request", entry: testId<never>(6) } as never;
  assert.deepEqual(plan(appeal, { appeal: request }), { kind: "control", instruction: request });
  assert.deepEqual(plan(appeal, { appeal: "too-late" }), { kind: "fail", reason: "too-late" });
  assert.deepEqual(plan(appeal), { kind: "fail", reason: "already-done" });
});

test("a listing that is over goes too when its inbox is removed", () => {
  const returning = [{ ...carol, block: block - VOID_BLOCKS - 1 }];
  const view = companyView({ context: companyContext({ returning }), company: [alice, bob, carol] });
  const planned = committed(plan(remove, { view, ...about(carol.inbox) }));
  assert.deepEqual(planned.context?.returning, []);
});

test("a commit carries a context only where it changes it, as everybody reads it", () => {
  assert.deepEqual(contextBytes(undefined), {});
  const context = companyContext({ name: "Other" });
  const { groupContextExtension: bytes } = contextBytes(context);
  assert.deepEqual(bytes && readGroupContext(bytes), { kind: "context", context });
});
