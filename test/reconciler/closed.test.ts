import assert from "node:assert/strict";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { inboxesOfInterest } from "../../src/reconciler/inboxes/inboxesOfInterest.ts";
import { canDo, type Wish } from "../../src/reconciler/policy/canDo.ts";
import { contradictsKind } from "../../src/reconciler/policy/closed.ts";
import { type CommitFacts, judgeCommit } from "../../src/reconciler/policy/judgeCommit.ts";
import { judgeControl } from "../../src/reconciler/policy/judgeControl.ts";
import {
  contextAfterRemove,
  contextAfterRole,
  firstClosedContext,
  firstContext,
} from "../../src/reconciler/policy/nextContext.ts";
import type { CommitRefusal } from "../../src/reconciler/policy/reasons.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import { missingInstallations } from "../../src/reconciler/upkeep/duties.ts";
import { type GroupContext, readGroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import { type ClosedKind, directKind, readKind, writeKind } from "../../src/wire/groupKind.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import { UPKEEP_DISTANCE_BLOCKS } from "../../src/wire/limits.ts";
import { writeNumbered } from "../../src/wire/numbered.ts";
import { viewWith } from "../support/testBranch.ts";
import { testId } from "../support/testIntent.ts";
import { alice, bob, carol, countingDraw, dave, tablet } from "./company.ts";

const own: ClosedKind = { kind: "own", inboxes: [dave.inbox] };
const direct = directKind(dave.inbox, alice.inbox);
const founded = (kind: ClosedKind) => firstClosedContext({ kind, drawBytes: countingDraw() });
/** A direct conversation of alice and dave, and dave's own room; tablet is dave's other device. */
const rooms = [
  { context: founded(direct), members: [alice, dave], by: alice },
  { context: founded(own), members: [dave], by: dave },
];
const nobody = new Set<InboxId>();
const nothing = new Set<InstallationKey>();

type Room = (typeof rooms)[number];

function facts({ context, members, by }: Room, change: Partial<CommitFacts>): CommitFacts {
  return {
    ...{ context, members, writer: by, revoked: nothing, leavers: nobody, stranded: nothing },
    ...{ block: 1000, registryBlock: 990, lastCommitBlock: undefined },
    ...{ after: undefined, adds: [], removes: [] },
    ...change,
  };
}

function judged(room: Room, change: Partial<CommitFacts>): CommitRefusal | "permitted" {
  const judgement = judgeCommit(facts(room, change));
  assert.ok(judgement.kind !== "newer-version");
  return judgement.kind === "refused" ? judgement.reason : "permitted";
}

const proposes = (context: GroupContext): Partial<CommitFacts> => ({ after: { kind: "context", context } });
const adds = (...members: Member[]) => ({ adds: members.map((one) => ({ ...one, active: true })) });
const removal = ({ context }: Room, removes: readonly Member[], gone: InboxId[] = []) => ({
  removes,
  ...proposes(contextAfterRemove({ context, gone: new Set(gone), drawBytes: countingDraw(50) })),
});

test("a kind is written with its inboxes in ascending order and has one encoding", () => {
  assert.deepEqual(directKind(alice.inbox, dave.inbox), direct);
  for (const { context } of rooms) {
    assert.deepEqual(readGroupContext(writeGroupContext(context)), { kind: "context", context });
  }
  assert.deepEqual(readKind(writeKind(direct)), direct);
  assert.deepEqual(readKind(writeKind(own)), own);
  assert.deepEqual(readKind(new Uint8Array()), { kind: "group" });
  assert.deepEqual(readKind(writeNumbered([{ number: 3, value: Uint8Array.of(9) }])), { kind: "group" });
  const first = firstContext({ name: "", creator: alice.inbox, drawBytes: countingDraw() });
  const id = (fill: number) => Array.from({ length: 32 }, () => fill);
  const junk = [
    [],
    [0],
    [3, ...id(1)],
    [1, ...id(1)],
    [1, ...id(1), ...id(1)],
    [1, ...id(2), ...id(1)],
    [1, ...id(1), ...id(2), ...id(3)],
    [1, ...id(1), ...id(2), 7],
    [2, ...id(1), ...id(2)],
    [2, ...id(1).slice(1)],
  ];
  for (const bytes of junk) {
    const extra = writeNumbered([{ number: 1, value: Uint8Array.from(bytes) }]);
    assert.equal(readKind(extra), undefined, `${bytes}`);
    assert.throws(
      () => writeGroupContext({ ...first, extra }),
      (error) => isWeftError(error, "malformed"),
    );
  }
});

test("only installations of the inboxes that a closed group is meant for come in, by whoever is in", () => {
  for (const room of rooms) {
    assert.equal(judged(room, adds(tablet)), "permitted");
    assert.equal(judged(room, adds(bob)), "foreign-inbox");
    assert.equal(judged(room, adds(tablet, bob)), "foreign-inbox");
    const recently = { lastAddBlock: 1001 - UPKEEP_DISTANCE_BLOCKS };
    assert.equal(judged(room, { ...adds(tablet), ...recently }), "too-soon");
  }
  const [talk, room] = rooms as [Room, Room];
  // Dave has lost all his devices: a new one comes in all the same.
  assert.equal(judged({ ...talk, members: [alice] }, adds(tablet)), "permitted");
  assert.equal(judged(room, adds(alice)), "foreign-inbox");
});

test("nobody names a closed group, gives roles, changes limits or its kind, or takes the other out", () => {
  for (const room of rooms) {
    const { context, by } = room;
    const role = (to: "admin" | "super-admin") => contextAfterRole({ context, inbox: by.inbox, role: to });
    assert.equal(judged(room, {}), "permitted");
    assert.equal(judged(room, proposes({ ...context, name: "Us" })), "fixed-rights");
    assert.equal(judged(room, proposes(role("super-admin"))), "fixed-rights");
    assert.equal(judged(room, proposes(role("admin"))), "fixed-rights");
    assert.equal(judged(room, proposes({ ...context, lateSeconds: 5 })), "not-permitted");
    assert.equal(judged(room, proposes({ ...context, extra: new Uint8Array() })), "kind-changed");
    const other = writeKind(directKind(by.inbox, bob.inbox));
    assert.equal(judged(room, proposes({ ...context, extra: other })), "kind-changed");
  }
  const [talk] = rooms as [Room];
  assert.equal(judged(talk, removal(talk, [dave], [dave.inbox])), "not-permitted");
  const revoked = new Set([dave.installation]);
  assert.equal(judged(talk, { ...removal(talk, [dave], [dave.inbox]), revoked }), "permitted");
});

test("a group of all kinds stays what it is", () => {
  const context = firstContext({ name: "Plans", creator: alice.inbox, drawBytes: countingDraw() });
  const group: Room = { context, members: [alice, dave], by: alice };
  for (const kind of [direct, own]) {
    assert.equal(judged(group, proposes({ ...context, extra: writeKind(kind) })), "kind-changed");
  }
  assert.equal(judged(group, adds(bob)), "permitted");
});

test("in a closed group whoever is in raises the version, and nobody lowers it", () => {
  for (const room of rooms) {
    const newer = judgeCommit(facts(room, { after: { kind: "newer-version", version: 3 } }));
    assert.deepEqual(newer, { kind: "newer-version", version: 3 });
  }
});

test("in a closed group there are no deletions by control and no Leave; requests are as ever", () => {
  for (const room of rooms) {
    const control = (kind: Parameters<typeof judgeControl>[0]["control"]) =>
      judgeControl({ ...facts(room, {}), control: kind });
    const refused = { kind: "refused", reason: "not-permitted" };
    assert.deepEqual(control("delete-message"), refused);
    assert.deepEqual(control("leave"), refused);
    assert.deepEqual(control("request"), { kind: "permitted" });
  }
});

test("what a member can't do in a closed group fails before it is tried", () => {
  for (const { context, members, by } of rooms) {
    const can = (wish: Wish) =>
      canDo({ context, members, revoked: nothing, ...by, wish, former: nobody, leavers: nobody });
    assert.equal(can({ kind: "rename", name: "Us" }), "not-permitted");
    assert.equal(can({ kind: "set-role", inbox: by.inbox, role: "super-admin" }), "not-permitted");
    assert.equal(can({ kind: "remove", inboxes: [dave.inbox] }), "not-permitted");
    assert.equal(can({ kind: "leave" }), "not-permitted");
    assert.equal(can({ kind: "add", inboxes: [carol.inbox] }), "not-permitted");
    assert.equal(can({ kind: "add", inboxes: [dave.inbox] }), "already-done");
    assert.equal(can({ kind: "delete", author: carol.inbox }), "not-permitted");
    assert.equal(can({ kind: "delete", author: by.inbox }), undefined);
    assert.equal(can({ kind: "rotate" }), undefined);
  }
  const talk = { context: founded(direct), members: [alice], revoked: nothing, former: nobody };
  const wish: Wish = { kind: "add", inboxes: [dave.inbox] };
  assert.equal(canDo({ ...talk, ...alice, wish, leavers: nobody }), undefined);
});

test("whoever finds a leaf, a name or a role that a closed group can't have is told what it is", () => {
  for (const { context, members, by } of rooms) {
    assert.equal(contradictsKind({ context, members }), undefined);
    assert.equal(contradictsKind({ context, members: [...members, bob] }), "foreign-inbox");
    assert.equal(contradictsKind({ context: { ...context, name: "Us" }, members }), "fixed-rights");
    assert.equal(contradictsKind({ context: { ...context, admins: [by.inbox] }, members }), "fixed-rights");
  }
  const context = firstContext({ name: "Plans", creator: alice.inbox, drawBytes: countingDraw() });
  assert.equal(contradictsKind({ context, members: [alice, bob, dave] }), undefined);
});

test("who has no leaf left is looked after all the same", () => {
  const standing = {
    ...{ context: founded(direct), members: [alice], revoked: nothing, leavers: nobody, block: 20 },
    ...{ stranded: nothing, owed: undefined },
  };
  const { inbox, installation } = tablet;
  const known = { inbox, installations: [{ installation, addedBlock: 3, revokedBlock: undefined }] };
  const registry = (of: InboxId) => (of === inbox ? known : undefined);
  const missing = missingInstallations({ standing, registry, block: 20 });
  assert.deepEqual(missing, [tablet]);
  const { record, branch } = viewWith({ status: "member", entries: [], start: 2, head: 2 });
  const view = { record: { ...record, members: [alice.inbox], closed: direct }, branch };
  const read = inboxesOfInterest({ self: testId<InboxId>(1), views: [view], known: new Map() });
  assert.ok(read.includes(dave.inbox));
});
