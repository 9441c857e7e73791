import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeReturning } from "../../src/reconciler/policy/judgeReturning.ts";
import { changeOfReturning } from "../../src/reconciler/policy/membership.ts";
import { awaitedMembers, inboxesAway, isLive } from "../../src/reconciler/policy/returning.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import { votersOf } from "../../src/reconciler/policy/votersOf.ts";
import type { GroupContext, Returning } from "../../src/wire/groupContext.ts";
import { REPAIR_WINDOW_BLOCKS, VOID_BLOCKS } from "../../src/wire/limits.ts";
import { alice, bob, carol, companyContext, dave, erin, inside, tablet } from "./company.ts";

const block = 50_000;

function voters(params: {
  removes?: readonly Member[];
  demoted?: readonly Member[];
  committed?: readonly Member[];
}) {
  const { removes = [], demoted = [], committed = [] } = params;
  const committers = new Set(committed.map(({ installation }) => installation));
  return [...votersOf({ members: inside, removes, demoted, committers })].sort();
}

test("those have a vote who have committed with a path; where nobody has, everybody", () => {
  assert.deepEqual(voters({}), [alice.inbox, bob.inbox, carol.inbox, dave.inbox]);
  assert.deepEqual(
    voters({ committed: [alice, tablet] }),
    [alice.inbox, dave.inbox],
    "an inbox by any device",
  );
  assert.deepEqual(voters({ committed: [erin] }), voters({}), "whoever is not in counts for nothing");
});

test("what a commit removes or demotes has no vote on it, even if nobody else has committed", () => {
  const removes = [dave, tablet];
  assert.deepEqual(voters({ removes, committed: [dave, carol] }), [carol.inbox]);
  assert.deepEqual(voters({ removes, committed: [dave] }), [alice.inbox, bob.inbox, carol.inbox]);
  assert.deepEqual(voters({ demoted: [bob], committed: [bob, carol] }), [carol.inbox]);
  assert.deepEqual(voters({ removes: [dave], committed: [tablet] }), [dave.inbox], "its inbox keeps a leaf");
});

test("a listing counts up to the last block of its time", () => {
  assert.equal(isLive({ block }, block + VOID_BLOCKS), true);
  assert.equal(isLive({ block }, block + VOID_BLOCKS + 1), false);
  const context = companyContext({ returning: [{ ...erin, block: block - VOID_BLOCKS }] });
  const awaited = (at: number, members = inside) => awaitedMembers({ context, members, block: at });
  assert.deepEqual(awaited(block), context.returning);
  assert.deepEqual(awaited(block + 1), []);
  assert.deepEqual(awaited(block, [...inside, erin]), [], "whoever is back is awaited no more");
});

test("away is whoever has a place and no leaf: a listing, whatever its age, or a role", () => {
  const context = companyContext({ returning: [{ ...carol, block: 0 }] });
  assert.deepEqual(inboxesAway({ context, members: inside }), new Set());
  assert.deepEqual(inboxesAway({ context, members: [alice, dave] }), new Set([carol.inbox, bob.inbox]));
});

/** The verdict on a commit by `writer` that changes the list from one to the other. */
function judge(params: {
  from?: readonly Returning[];
  to: readonly Returning[];
  removes?: readonly Member[];
  writer?: Member;
  members?: readonly Member[];
  next?: Partial<GroupContext>;
}) {
  const { from = [], to, removes = [], writer = alice, members = inside } = params;
  const context = companyContext({ returning: from });
  const next = companyContext({ returning: to, ...params.next });
  return judgeReturning({
    ...{ context, next, members, writer, block, revoked: new Set(), leavers: new Set(), owed: undefined },
    stranded: new Set([carol.installation]),
    change: changeOfReturning({ context, next, removes, block }),
  });
}

test("what is listed is a leaf that the same commit takes out, and that has asked for it", () => {
  const listed = { ...carol, block };
  assert.equal(judge({ to: [listed], removes: [carol], writer: dave }), undefined);
  assert.equal(judge({ to: [listed] }), "bad-returning", "it stays in the tree");
  assert.equal(judge({ to: [{ ...listed, inbox: bob.inbox }], removes: [carol] }), "bad-returning");
  assert.equal(
    judge({ to: [{ ...bob, block }], removes: [bob] }),
    "not-permitted",
    "bob has asked for nothing",
  );
});

test("the block that a listing names is near the one in which it lands", () => {
  const at = (listed: number) => judge({ to: [{ ...carol, block: listed }], removes: [carol] });
  assert.equal(at(block - REPAIR_WINDOW_BLOCKS), undefined);
  assert.equal(at(block + REPAIR_WINDOW_BLOCKS), undefined);
  assert.equal(at(block - REPAIR_WINDOW_BLOCKS - 1), "bad-returning");
  assert.equal(at(block + REPAIR_WINDOW_BLOCKS + 1), "bad-returning");
});

test("an inbox that loses a leaf by a decision stays on no list", () => {
  const other = { ...tablet, block: block - 1 };
  const members = [alice, bob, carol, dave];
  assert.equal(judge({ from: [other], to: [other], removes: [dave], members }), "bad-returning");
  assert.equal(judge({ from: [other], to: [], removes: [dave], members }), undefined);
});

test("a listing that counts is taken off by whoever may remove its inbox, with its role and nothing left", () => {
  const listed = { ...erin, block: block - 1 };
  const off = { from: [listed], to: [] };
  assert.equal(judge(off), undefined);
  assert.equal(judge({ ...off, writer: bob }), undefined, "an admin removes members");
  assert.equal(judge({ ...off, writer: carol }), "not-permitted");
  assert.equal(
    judge({ ...off, next: { admins: [bob.inbox, erin.inbox] } }),
    "bad-returning",
    "it keeps its role",
  );
  const two = [listed, { ...listed, installation: tablet.installation }];
  assert.equal(judge({ from: two, to: [listed] }), "bad-returning", "half of an inbox");
  const over = { ...erin, block: block - VOID_BLOCKS - 1 };
  assert.equal(judge({ from: [over], to: [], writer: carol }), undefined, "what is over anyone leaves out");
});
