import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { canDo, type Wish } from "../../src/reconciler/policy/canDo.ts";
import { inboxesGone } from "../../src/reconciler/policy/inboxesGone.ts";
import {
  type CommitFacts,
  earliestCommitBlock,
  judgeCommit,
} from "../../src/reconciler/policy/judgeCommit.ts";
import { judgeControl } from "../../src/reconciler/policy/judgeControl.ts";
import type { Owed } from "../../src/reconciler/policy/membership.ts";
import {
  contextAfterDisappearing,
  contextAfterRemove,
  contextAfterRename,
  contextAfterRole,
  contextWithout,
  firstContext,
} from "../../src/reconciler/policy/nextContext.ts";
import type { CommitRefusal } from "../../src/reconciler/policy/reasons.ts";
import { type Member, mayPromote, roleOf } from "../../src/reconciler/policy/roleOf.ts";
import { readDisappearing } from "../../src/wire/disappearing.ts";
import type { GroupContext } from "../../src/wire/groupContext.ts";
import { asId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import {
  MAX_DISAPPEARING_SECONDS,
  MAX_INSTALLATIONS_PER_INBOX,
  REPAIR_WINDOW_BLOCKS,
  UPKEEP_DISTANCE_BLOCKS,
  VOID_BLOCKS,
} from "../../src/wire/limits.ts";
import { writeNumbered } from "../../src/wire/numbered.ts";

const inbox = (fill: number) => asId<InboxId>(new Uint8Array(32).fill(fill));
const leaf = (fill: number, device = 0): Member => ({
  inbox: inbox(fill),
  installation: asId<InstallationKey>(new Uint8Array(32).fill(fill).fill(device, 31)),
});
const [alice, amy, bob, ben, carol, dave, dave2, eve] = [1, 2, 3, 4, 5, 6, 6, 7].map((fill, i) =>
  leaf(fill, i === 6 ? 2 : 1),
) as [Member, Member, Member, Member, Member, Member, Member, Member];

/** Super admins alice and amy, admins bob and ben, members carol and dave; eve is a stranger. */
const context: GroupContext = {
  ...firstContext({ drawBytes: randomBytes, name: "Plans", creator: alice.inbox }),
  superAdmins: [alice.inbox, amy.inbox],
  admins: [bob.inbox, ben.inbox],
};
const members = [alice, amy, bob, ben, carol, dave, dave2];

function facts(change: Partial<CommitFacts>): CommitFacts {
  const defaults = { context, members, revoked: new Set<InstallationKey>(), writer: alice };
  const chain = { block: 1000, registryBlock: 990, lastCommitBlock: undefined };
  const changes = { after: undefined, adds: [], removes: [] };
  const asked = { leavers: new Set<InboxId>(), stranded: new Set<InstallationKey>() };
  return { ...defaults, ...chain, ...changes, ...asked, ...change };
}

function proposes(next: GroupContext): CommitFacts["after"] {
  return { kind: "context", context: next };
}

/** The facts of a commit that removes these leaves as it should. */
function removal(removes: readonly Member[], change: Partial<CommitFacts> = {}): Partial<CommitFacts> {
  const all = facts({ removes, ...change });
  const gone = inboxesGone({ members: all.members, removes });
  return {
    removes,
    after: proposes(contextAfterRemove({ drawBytes: randomBytes, context: all.context, gone })),
    ...change,
  };
}

function permitted(change: Partial<CommitFacts>): void {
  assert.deepEqual(judgeCommit(facts(change)), { kind: "permitted" });
}

function refused(reason: CommitRefusal, change: Partial<CommitFacts>): void {
  assert.deepEqual(judgeCommit(facts(change)), { kind: "refused", reason });
}

const add = (who: Member, active = true) => ({ adds: [{ ...who, active }] });

test("everyone rotates", () => {
  for (const writer of members) permitted({ writer });
});

test("strangers and the revoked do nothing", () => {
  refused("not-a-member", { writer: eve });
  refused("not-a-member", { writer: { ...carol, installation: eve.installation } });
  refused("revoked", { writer: carol, revoked: new Set([carol.installation]) });
});

test("the registry block is not too old; after a reorganization it may lie behind the entry's own", () => {
  permitted({ registryBlock: 1000 });
  permitted({ registryBlock: 1001 });
  permitted({ block: 20_000, registryBlock: 5_600 });
  refused("bad-registry-block", { block: 20_000, registryBlock: 5_599 });
});

test("admins and super admins add, members do not", () => {
  for (const writer of [alice, bob]) permitted({ writer, ...add(eve) });
  refused("not-permitted", { writer: carol, ...add(eve) });
});

test("added installations are active and new", () => {
  refused("inactive-installation", add(eve, false));
  refused("already-a-member", add(dave));
  refused("already-a-member", { adds: [eve, eve].map((one) => ({ ...one, active: true })) });
});

test("a group has at most a thousand leaves", () => {
  const crowd = Array.from({ length: 999 - members.length }, (_, i) => ({
    inbox: carol.inbox,
    installation: asId<InstallationKey>(
      new Uint8Array(32)
        .fill(200)
        .fill(i >> 8, 1, 2)
        .fill(i & 255, 2, 3),
    ),
  }));
  const full = [...members, ...crowd];
  permitted({ members: full, ...add(eve) });
  refused("too-many-members", { members: [...full, leaf(99)], ...add(eve) });
});

test("admins remove members, super admins remove anyone", () => {
  permitted({ writer: bob, ...removal([carol]) });
  permitted({ writer: bob, ...removal([carol, dave, dave2]) });
  refused("not-permitted", { writer: bob, ...removal([ben]) });
  refused("not-permitted", { writer: bob, ...removal([carol, alice]) });
  permitted({ writer: alice, ...removal([amy]) });
  permitted({ writer: alice, ...removal([ben, carol]) });
  refused("not-permitted", { writer: carol, ...removal([dave]) });
  refused("not-permitted", { writer: dave, ...removal([dave2]) });
});

test("a Remove renews the salt, drops the removed from the lists, and changes nothing else", () => {
  refused("salt-not-renewed", { removes: [carol] });
  const clean = contextAfterRemove({ drawBytes: randomBytes, context, gone: new Set([ben.inbox]) });
  permitted({ removes: [ben], after: proposes(clean) });
  refused("salt-not-renewed", { removes: [ben], after: proposes({ ...clean, salt: context.salt }) });
  for (const extra of [
    { name: "Other" },
    { lateCommits: 9 },
    { lateSeconds: 1 },
    { rotationIntervalBlocks: 0 },
    { admins: context.admins },
    { admins: [bob.inbox, ben.inbox, carol.inbox] },
    { superAdmins: [alice.inbox] },
  ]) {
    refused("not-only-removed", { removes: [ben], after: proposes({ ...clean, ...extra }) });
  }
});

test("an inbox that keeps a leaf keeps its role", () => {
  const bob2 = leaf(3, 2);
  const both = { members: [...members, bob2] };
  permitted({ ...both, ...removal([bob2], both) });
  const dropped = contextAfterRemove({ drawBytes: randomBytes, context, gone: new Set([bob.inbox]) });
  refused("not-only-removed", { ...both, removes: [bob2], after: proposes(dropped) });
});

test("without a Remove the salt stays", () => {
  refused("salt-changed", { after: proposes({ ...context, salt: new Uint8Array(32) }) });
});

test("admins rename, only super admins set roles and limits", () => {
  const renamed = proposes(contextAfterRename({ context, name: "Other" }));
  permitted({ writer: bob, after: renamed });
  refused("not-permitted", { writer: carol, after: renamed });
  const limits = proposes({ ...context, lateSeconds: 60 });
  permitted({ writer: alice, after: limits });
  refused("not-permitted", { writer: bob, after: limits });
  const raised = proposes(contextAfterRole({ context, inbox: carol.inbox, role: "admin" }));
  permitted({ writer: alice, after: raised });
  for (const writer of [bob, carol]) refused("not-permitted", { writer, after: raised });
  const demoted = proposes(contextAfterRole({ context, inbox: amy.inbox, role: "member" }));
  permitted({ writer: alice, after: demoted });
});

test("roles are for members, also for those who are just added", () => {
  const after = proposes(contextAfterRole({ context, inbox: eve.inbox, role: "admin" }));
  refused("role-of-a-stranger", { after });
  permitted({ after, ...add(eve) });
});

test("a malformed context is refused, a newer one is for super admins to bring", () => {
  refused("malformed-context", { after: { kind: "malformed" } });
  const after = { kind: "newer-version", version: 2 } as const;
  assert.deepEqual(judgeCommit(facts({ after })), after);
  refused("not-permitted", { writer: bob, after });
  refused("revoked", { after, revoked: new Set([alice.installation]) });
});

test("one super admin with an active installation always stays", () => {
  const alone = { ...context, superAdmins: [alice.inbox] };
  const none = { context: alone, after: proposes({ ...alone, superAdmins: [] }) };
  refused("last-super-admin", none);
  const amyRevoked = new Set([amy.installation]);
  const demoted = proposes(contextAfterRole({ context, inbox: alice.inbox, role: "member" }));
  permitted({ after: demoted });
  refused("last-super-admin", { after: demoted, revoked: amyRevoked });
  const leaving = { context: alone, leavers: new Set([alice.inbox]) };
  refused("last-super-admin", { writer: carol, ...leaving, ...removal([alice], leaving) });
});

test("where revocations leave no super admin, admins promote, then the first active leaf", () => {
  const revoked = new Set([alice.installation, amy.installation]);
  const raise = (who: Member, role: "admin" | "super-admin") =>
    proposes(contextAfterRole({ context, inbox: who.inbox, role }));
  permitted({ writer: ben, revoked, after: raise(ben, "super-admin") });
  permitted({ writer: ben, revoked, after: raise(carol, "super-admin") });
  refused("not-permitted", { writer: ben, revoked, after: raise(carol, "admin") });
  refused("not-permitted", { writer: carol, revoked, after: raise(carol, "super-admin") });
  refused("not-permitted", {
    writer: ben,
    revoked,
    after: proposes({ ...context, superAdmins: [ben.inbox], admins: [bob.inbox] }),
  });
  const noAdmins = new Set([...revoked, bob.installation, ben.installation]);
  permitted({ writer: carol, revoked: noAdmins, after: raise(carol, "super-admin") });
  refused("not-permitted", { writer: dave, revoked: noAdmins, after: raise(dave, "super-admin") });
  permitted({ writer: carol, revoked, ...removal([alice, amy], { revoked }) });
});

test("anyone removes revoked leaves and leavers, and adds the group's own installations", () => {
  const revoked = new Set([dave2.installation]);
  permitted({ writer: carol, revoked, ...removal([dave2], { revoked }) });
  refused("not-permitted", { writer: carol, revoked, ...removal([dave2, dave], { revoked }) });
  const leavers = new Set([dave.inbox]);
  permitted({ writer: carol, leavers, ...removal([dave, dave2], { leavers }) });
  const dave3 = leaf(6, 3);
  permitted({ writer: carol, ...add(dave3) });
  refused("not-permitted", { writer: carol, leavers, ...add(dave3) });
  refused("inactive-installation", { writer: carol, ...add(dave3, false) });
});

/** What a commit proposes that takes these leaves out to add them again. */
function repairOf(repaired: readonly Member[], change: Partial<CommitFacts> = {}): Partial<CommitFacts> {
  const { context: before, block } = facts(change);
  const after = proposes(
    contextAfterRemove({ drawBytes: randomBytes, context: before, gone: new Set(), repaired, block }),
  );
  return { stranded: new Set(repaired.map((one) => one.installation)), removes: repaired, after, ...change };
}

/** The context after that, and the others. */
const away = (...gone: Member[]) => ({
  context: contextAfterRemove({
    drawBytes: randomBytes,
    context,
    gone: new Set(),
    repaired: gone,
    block: 1000,
  }),
  members: members.filter((m) => !gone.includes(m)),
});

test("anyone takes out an installation that asked for it, and lists it; its roles wait for it", () => {
  for (const writer of [carol, alice]) {
    permitted({ writer, ...repairOf([bob]) });
    refused("not-permitted", { writer, ...repairOf([bob], { stranded: new Set() }) });
  }
  permitted({ writer: carol, ...repairOf([bob, dave]) });
  const stranded = new Set([bob.installation]);
  refused("not-permitted", { writer: carol, stranded, ...removal([bob]) });
  permitted({ writer: alice, stranded, ...removal([bob]) });
  const demoted = contextAfterRole({ ...away(bob), inbox: bob.inbox, role: "member" });
  refused("not-only-removed", { writer: carol, stranded, removes: [bob], after: proposes(demoted) });
});

test("only what is removed and asked for it is listed, about when it was, and once in a period", () => {
  const [listed] = away(bob).context.returning;
  assert.ok(listed);
  const lists = (one: Partial<typeof listed>, change: Partial<CommitFacts> = {}): Partial<CommitFacts> => {
    const after = { ...away(bob).context, returning: [{ ...listed, ...one }] };
    return { writer: carol, ...repairOf([bob], change), after: proposes(after) };
  };
  permitted(lists({ block: 1000 - REPAIR_WINDOW_BLOCKS }, { registryBlock: 900 }));
  for (const block of [999 - REPAIR_WINDOW_BLOCKS, 1001 + REPAIR_WINDOW_BLOCKS].map((at) => at + 2000)) {
    refused("bad-returning", lists({ block }, { block: 3000, registryBlock: 3000 }));
  }
  refused("bad-returning", lists({ inbox: ben.inbox }));
  refused("not-permitted", lists({ installation: ben.installation }));
  refused("bad-returning", { writer: alice, after: proposes({ ...context, returning: [listed] }) });
  const back = { context: away(bob).context };
  const again = (block: number) => repairOf([bob], { ...back, block, registryBlock: block });
  refused("too-soon", { writer: carol, ...again(1000 + VOID_BLOCKS) });
  permitted({ writer: carol, ...again(1001 + VOID_BLOCKS) });
  const leavers = new Set([dave.inbox]);
  refused("not-permitted", { writer: carol, ...repairOf([dave], { leavers }) });
  const revoked = new Set([dave2.installation]);
  refused("not-permitted", { writer: carol, ...repairOf([dave2], { revoked }) });
});

test("anyone adds who is listed, for as long as it is, and nobody takes its place meanwhile", () => {
  const listed = away(carol);
  permitted({ writer: dave, ...listed, ...add(carol) });
  refused("not-permitted", { writer: dave, ...listed, ...add(leaf(5, 7)) });
  refused("not-permitted", { writer: dave, members: listed.members, ...add(carol) });
  const late = 1001 + VOID_BLOCKS;
  permitted({ writer: dave, ...listed, ...add(carol), block: late - 1, registryBlock: late - 1 });
  refused("not-permitted", { writer: dave, ...listed, ...add(carol), block: late, registryBlock: late });
  const leavers = new Set([carol.inbox]);
  refused("not-permitted", { writer: dave, ...listed, leavers, ...add(carol) });
  const alone = { ...away(alice), context: { ...away(alice).context, superAdmins: [alice.inbox] } };
  const promoted = contextAfterRole({ ...alone, inbox: bob.inbox, role: "super-admin" });
  refused("not-permitted", { ...alone, writer: bob, after: proposes(promoted) });
  permitted({ ...alone, writer: bob, after: proposes(promoted), block: late, registryBlock: late });
});

test("a decision takes the whole inbox off the list, also when it has no leaf at that moment", () => {
  const one = away(dave);
  permitted({ writer: bob, ...one, ...removal([dave2], one) });
  const kept = {
    ...contextAfterRemove({ drawBytes: randomBytes, ...one, gone: new Set([dave.inbox]) }),
    returning: one.context.returning,
  };
  refused("bad-returning", { writer: bob, ...one, removes: [dave2], after: proposes(kept) });
  const revoked = new Set([dave2.installation]);
  permitted({ writer: carol, ...one, revoked, ...removal([dave2], { ...one, revoked }) });
  const both = away(dave, dave2);
  const gone = new Set([dave.inbox]);
  const without = proposes(contextWithout({ ...both, gone }));
  permitted({ writer: bob, ...both, after: without });
  refused("not-permitted", { writer: carol, ...both, after: without });
  const half = { ...both.context, returning: both.context.returning.slice(1) };
  refused("bad-returning", { writer: bob, ...both, after: proposes(half) });
  refused("bad-returning", { writer: bob, ...one, after: proposes(contextWithout({ ...one, gone })) });
  const admin = away(ben);
  const left = contextWithout({ ...admin, gone: new Set([ben.inbox]) });
  refused("not-permitted", { writer: bob, ...admin, after: proposes(left) });
  permitted({ writer: alice, ...admin, after: proposes(left) });
  const role = { ...left, admins: admin.context.admins };
  refused("bad-returning", { writer: alice, ...admin, after: proposes(role) });
});

test("what counts no more may be left out of the list or stay there, nothing else may", () => {
  const { context: listed } = away(dave);
  const cleared = proposes({ ...listed, name: "Other", returning: [] });
  refused("bad-returning", { context: listed, after: cleared });
  const late = { context: listed, block: 1001 + VOID_BLOCKS, registryBlock: 1001 };
  permitted({ ...late, after: cleared });
  permitted({ ...late, after: proposes({ ...listed, name: "Other" }) });
});

test("the version goes up by a super admin only, and settings that nobody knows stay as they are", () => {
  const old = { context: { ...context, version: 1 } };
  permitted({ ...old, after: proposes(context) });
  refused("not-permitted", { ...old, writer: bob, after: proposes(context) });
  refused("not-permitted", { after: proposes({ ...context, version: 1 }) });
  refused("not-only-removed", { ...old, ...repairOf([carol]) });
  const extra = writeNumbered([{ number: 100, value: Uint8Array.of(7) }]);
  refused("unknown-setting", { after: proposes({ ...context, extra }) });
  permitted({ context: { ...context, extra }, after: proposes({ ...context, extra, name: "Other" }) });
  refused("unknown-setting", { context: { ...context, extra }, after: proposes(context) });
});

test("admins let messages disappear, within bounds, and other settings stay as they are", () => {
  const after = (seconds: number, before = context) =>
    proposes(contextAfterDisappearing({ context: before, seconds }));
  for (const writer of [alice, bob]) permitted({ writer, after: after(60) });
  refused("not-permitted", { writer: carol, after: after(60) });
  const on = contextAfterDisappearing({ context, seconds: MAX_DISAPPEARING_SECONDS });
  permitted({ context: on, writer: bob, after: after(0, on) });
  assert.deepEqual(contextAfterDisappearing({ context: on, seconds: 0 }), context);
  const extra = writeNumbered([
    { number: 2, value: Uint8Array.of(0, 0, 0, 60) },
    { number: 100, value: Uint8Array.of(7) },
  ]);
  refused("unknown-setting", { after: proposes({ ...context, extra }) });
  const other = { ...context, extra: writeNumbered([{ number: 100, value: Uint8Array.of(7) }]) };
  permitted({ context: other, after: after(60, other) });
  const { after: removed, ...removing } = removal([carol]);
  assert.ok(removed?.kind === "context");
  refused("not-only-removed", { ...removing, after: after(60, removed.context) });
  const settings = [[0, 0, 0, 0], [1], [0, 0, 0, 0, 60], [255, 255, 255, 255], []].map((value) =>
    writeNumbered([{ number: 2, value: Uint8Array.from(value) }]),
  );
  for (const one of settings) assert.equal(readDisappearing(one), undefined);
  assert.equal(wish(carol, { kind: "set-disappearing", seconds: 60 }), "not-permitted");
  assert.equal(wish(bob, { kind: "set-disappearing", seconds: 0 }), "already-done");
  assert.equal(wish(bob, { kind: "set-disappearing", seconds: 2 ** 31 }), "too-large");
  const old = { context: { ...context, version: 1 } };
  assert.equal(wish(bob, { kind: "set-disappearing", seconds: 60 }, old), "older-version");
});

test("what a void sibling has decided is repeated by whoever comes next, and by nobody left out", () => {
  const owed: Owed = { removes: [dave, dave2], roles: [] };
  for (const writer of [carol, alice]) {
    permitted({ writer, owed, ...removal([dave, dave2], { owed }) });
    refused("removal-not-repeated", { writer, owed });
  }
  refused("removal-not-repeated", { owed, ...removal([dave], { owed }) });
  refused("removal-not-repeated", { owed, ...add(eve) });
  refused("not-permitted", { writer: carol, owed, ...repairOf([dave, dave2]) });
  refused("not-permitted", { writer: carol, owed, ...removal([ben, dave, dave2], { owed }) });
  const demotion: Owed = { removes: [], roles: [{ inbox: amy.inbox, role: "admin" }] };
  const down = contextAfterRole({ context, inbox: amy.inbox, role: "admin" });
  const farther = contextAfterRole({ context, inbox: amy.inbox, role: "member" });
  permitted({ writer: carol, owed: demotion, after: proposes(down) });
  refused("not-permitted", { writer: carol, owed: demotion, after: proposes(farther) });
  permitted({ owed: demotion, after: proposes(farther) });
  refused("removal-not-repeated", { owed: demotion });
  const last = { context: { ...context, superAdmins: [amy.inbox] }, owed: { removes: [amy], roles: [] } };
  permitted({ writer: carol, ...last, ...removal([amy], last) });
});

test("members wait between their commits, also with upkeep, and after an Add; admins do not", () => {
  const late = { lastCommitBlock: 993, block: 1000 };
  refused("too-soon", { writer: carol, ...late });
  permitted({ writer: carol, ...late, block: 1001 });
  permitted({ writer: bob, ...late });
  const leavers = new Set([dave.inbox]);
  const upkeep = { leavers, ...removal([dave, dave2], { leavers }) };
  for (const since of [{ lastCommitBlock: 993 }, { lastAddBlock: 993 }]) {
    refused("too-soon", { writer: carol, ...since, ...upkeep });
    refused("too-soon", { writer: carol, ...since, ...add(leaf(6, 3)) });
    permitted({ writer: carol, ...since, ...upkeep, block: 993 + UPKEEP_DISTANCE_BLOCKS });
    permitted({ writer: bob, ...since, ...upkeep });
  }
  permitted({ writer: carol, lastAddBlock: 993 });
  const wait = { context, lastCommitBlock: 993 };
  assert.equal(earliestCommitBlock({ ...wait, inbox: carol.inbox }), 1001);
  assert.equal(earliestCommitBlock({ ...wait, inbox: alice.inbox }), 0);
  assert.equal(earliestCommitBlock({ context, inbox: carol.inbox, lastCommitBlock: undefined }), 0);
});

test("an inbox has so many leaves and no more, those included that are to come back", () => {
  const devices = Array.from({ length: MAX_INSTALLATIONS_PER_INBOX }, (_, i) => leaf(5, i + 1));
  const [first, ...others] = devices;
  assert.ok(first);
  const rest = members.filter((m) => m !== carol);
  const last = devices.at(-1) ?? first;
  permitted({ writer: first, members: [...rest, ...devices.slice(0, -1)], ...add(last) });
  const full = { writer: bob, members: [...rest, ...devices] };
  refused("too-many-installations", { ...full, ...add(leaf(5, 99)) });
  const some = {
    context: contextAfterRemove({
      drawBytes: randomBytes,
      context,
      gone: new Set(),
      repaired: [first],
      block: 1000,
    }),
  };
  const without = { writer: bob, members: [...rest, ...others], ...some };
  refused("too-many-installations", { ...without, ...add(leaf(5, 99)) });
  permitted({ ...without, ...add(first) });
});

test("super admins delete others' messages; the last of them cannot leave", () => {
  const judge = (change: Partial<CommitFacts>, control: "delete-message" | "leave") =>
    judgeControl({ ...facts(change), control });
  assert.deepEqual(judge({}, "delete-message"), { kind: "permitted" });
  for (const writer of [bob, carol]) {
    assert.deepEqual(judge({ writer }, "delete-message"), { kind: "refused", reason: "not-permitted" });
  }
  const last = { kind: "refused", reason: "last-super-admin" };
  for (const writer of [alice, bob, carol]) {
    assert.deepEqual(judge({ writer }, "leave"), { kind: "permitted" });
  }
  assert.deepEqual(judge({ leavers: new Set([amy.inbox]) }, "leave"), last);
  assert.deepEqual(judge({ revoked: new Set([amy.installation]) }, "leave"), last);
  assert.deepEqual(judge({ writer: eve }, "leave"), { kind: "refused", reason: "not-a-member" });
});

function wish(who: Member, what: Wish, change: Partial<Parameters<typeof canDo>[0]> = {}) {
  const none = {
    former: new Set<InboxId>(),
    leavers: new Set<InboxId>(),
    revoked: new Set<InstallationKey>(),
  };
  return canDo({ context, members, ...none, ...who, wish: what, ...change });
}

test("intents fail early with their reason", () => {
  const former = new Set([eve.inbox]);
  assert.equal(wish(eve, { kind: "send", text: "" }), "not-a-member");
  assert.equal(wish(eve, { kind: "send", text: "" }, { former }), "removed");
  const revoked = new Set([carol.installation]);
  assert.equal(wish(carol, { kind: "rotate" }, { revoked }), "revoked");
  assert.equal(wish(carol, { kind: "send", text: "x".repeat(65_537) }), "too-large");
  assert.equal(wish(carol, { kind: "add", inboxes: [eve.inbox] }), "not-permitted");
  assert.equal(wish(bob, { kind: "add", inboxes: [dave.inbox] }), "already-done");
  assert.equal(wish(bob, { kind: "add", inboxes: [dave.inbox, eve.inbox] }), undefined);
  assert.equal(wish(carol, { kind: "remove", inboxes: [dave.inbox] }), "not-permitted");
  assert.equal(wish(bob, { kind: "remove", inboxes: [ben.inbox] }), "not-permitted");
  assert.equal(wish(bob, { kind: "remove", inboxes: [bob.inbox] }), "not-permitted");
  assert.equal(wish(bob, { kind: "remove", inboxes: [eve.inbox] }), "unknown-member");
  assert.equal(wish(bob, { kind: "remove", inboxes: [eve.inbox] }, { former }), "already-done");
  assert.equal(wish(bob, { kind: "rename", name: "Plans" }), "already-done");
  assert.equal(wish(bob, { kind: "rename", name: "x".repeat(257) }), "too-large");
  assert.equal(wish(carol, { kind: "rename", name: "Other" }), "not-permitted");
  const raise = { kind: "set-role", inbox: carol.inbox, role: "admin" } as const;
  assert.equal(wish(bob, raise), "not-permitted");
  assert.equal(wish(alice, raise), undefined);
  assert.equal(wish(alice, { ...raise, inbox: bob.inbox }), "already-done");
  assert.equal(wish(alice, { ...raise, inbox: eve.inbox }), "unknown-member");
  assert.equal(wish(carol, { kind: "delete", author: carol.inbox }), undefined);
  assert.equal(wish(bob, { kind: "delete", author: carol.inbox }), "not-permitted");
  assert.equal(wish(alice, { kind: "delete", author: carol.inbox }), undefined);
  const alone = { context: { ...context, superAdmins: [alice.inbox] } };
  assert.equal(wish(alice, { kind: "leave" }, alone), "last-super-admin");
  assert.equal(wish(alice, { kind: "remove", inboxes: [alice.inbox] }, alone), "last-super-admin");
  assert.equal(wish(alice, { ...raise, inbox: alice.inbox }, alone), "last-super-admin");
  assert.equal(wish(alice, { kind: "leave" }), undefined);
  assert.equal(wish(carol, { kind: "leave" }, { leavers: new Set([carol.inbox]) }), "already-done");
});

const stands = fc.record({
  roles: fc.array(fc.constantFrom("super-admin", "admin", "member"), { minLength: 6, maxLength: 6 }),
  devices: fc.array(fc.integer({ min: 1, max: 2 }), { minLength: 6, maxLength: 6 }),
  revoked: fc.subarray([0, 1, 2, 3, 4, 5]),
  actor: fc.nat(5),
  target: fc.nat(7),
});

/** A random group of six inboxes; revocations hit their first leaves. */
function groupOf(stand: typeof stands extends fc.Arbitrary<infer T> ? T : never) {
  const having = (role: string) => [0, 1, 2, 3, 4, 5].filter((i) => stand.roles[i] === role).map(inbox);
  const all = stand.devices.flatMap((count, i) => Array.from({ length: count }, (_, d) => leaf(i, d)));
  const roles = { superAdmins: having("super-admin"), admins: having("admin") };
  return {
    context: { ...context, ...roles },
    members: all,
    revoked: new Set(stand.revoked.map((i) => leaf(i, 0).installation)),
    writer: leaf(stand.actor, (stand.devices[stand.actor] ?? 1) - 1),
    target: inbox(stand.target),
  };
}

test("what canDo lets pass, judgeCommit permits; what it calls not permitted, judgeCommit refuses", () => {
  const role = fc.constantFrom("super-admin" as const, "admin" as const, "member" as const);
  fc.assert(
    fc.property(stands, role, fc.constantFrom("add", "remove", "rename", "set-role"), (stand, to, kind) => {
      const { target, writer, ...roster } = groupOf(stand);
      const removes = roster.members.filter((m) => m.inbox === target);
      const gone = new Set([target]);
      const wishes: Record<string, [Wish, Partial<CommitFacts>]> = {
        add: [{ kind: "add", inboxes: [target] }, add(leaf(stand.target, 9))],
        remove: [
          { kind: "remove", inboxes: [target] },
          {
            removes,
            after: proposes(contextAfterRemove({ drawBytes: randomBytes, context: roster.context, gone })),
          },
        ],
        rename: [
          { kind: "rename", name: "Other" },
          { after: proposes(contextAfterRename({ context: roster.context, name: "Other" })) },
        ],
        "set-role": [
          { kind: "set-role", inbox: target, role: to },
          { after: proposes(contextAfterRole({ context: roster.context, inbox: target, role: to })) },
        ],
      };
      const [what, change] = wishes[kind] ?? assert.fail();
      const early = wish(writer, what, roster);
      const judgement = judgeCommit(facts({ ...roster, writer, ...change }));
      if (early === undefined) assert.deepEqual(judgement, { kind: "permitted" });
      const harmless =
        (kind === "add" && roster.members.some((m) => m.inbox === target)) ||
        (kind === "remove" && removes.every((m) => roster.revoked.has(m.installation))) ||
        (kind === "set-role" && roleOf({ context: roster.context, inbox: target }) === to);
      if (early === "not-permitted" && target !== writer.inbox && !harmless) {
        assert.equal(judgement.kind, "refused");
      }
      if (early === "last-super-admin" || early === "revoked") assert.equal(judgement.kind, "refused");
    }),
    { numRuns: 2000 },
  );
});

test("no permitted commit takes the last active super admin away, and somebody may always promote", () => {
  fc.assert(
    fc.property(stands, fc.subarray([0, 1, 2, 3, 4, 5]), (stand, listed) => {
      const { target: _, writer, ...roster } = groupOf(stand);
      const next = { ...roster.context, superAdmins: listed.map(inbox), admins: [] };
      const isActive = (ids: readonly InboxId[]) =>
        roster.members.some((m) => ids.includes(m.inbox) && !roster.revoked.has(m.installation));
      const judgement = judgeCommit(facts({ ...roster, writer, after: proposes(next) }));
      const had = isActive(roster.context.superAdmins);
      if (judgement.kind === "permitted" && had) assert.ok(isActive(next.superAdmins));
      const active = roster.members.filter((m) => !roster.revoked.has(m.installation));
      const able = active.filter((m) => mayPromote({ ...roster, by: m.inbox }));
      assert.equal(able.length > 0, !had && active.length > 0);
    }),
    { numRuns: 1000 },
  );
});

test("who has asked to leave is no super admin to count on, and may be invited anew", () => {
  const leavers = new Set([amy.inbox]);
  const demoted = proposes(contextAfterRole({ context, inbox: alice.inbox, role: "member" }));
  permitted({ after: demoted });
  refused("last-super-admin", { after: demoted, leavers });
  refused("last-super-admin", { writer: amy, leavers, ...removal([alice], { leavers }) });
  permitted({ writer: carol, leavers, ...removal([amy], { leavers }) });
  const stepDown = { kind: "set-role", inbox: alice.inbox, role: "member" } as const;
  assert.equal(wish(alice, stepDown), undefined);
  assert.equal(wish(alice, stepDown, { leavers }), "last-super-admin");
  assert.equal(wish(alice, { kind: "add", inboxes: [amy.inbox] }), "already-done");
  assert.equal(wish(alice, { kind: "add", inboxes: [amy.inbox] }, { leavers }), undefined);
  assert.equal(wish(bob, { kind: "remove", inboxes: [amy.inbox] }), "not-permitted");
  assert.equal(wish(bob, { kind: "remove", inboxes: [amy.inbox] }, { leavers }), undefined);
  assert.equal(wish(carol, { kind: "delete", author: undefined }), "unknown-message");
  assert.equal(wish(alice, { kind: "delete", author: undefined }), undefined);
});
