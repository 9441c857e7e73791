import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import type { KnownInbox } from "../../src/identity/inbox.ts";
import { type EntryPlan, planEntry, standingOf } from "../../src/reconciler/intents/planEntry.ts";
import { judgeCommit } from "../../src/reconciler/policy/judgeCommit.ts";
import { returningAfter } from "../../src/reconciler/policy/membership.ts";
import { firstContext } from "../../src/reconciler/policy/nextContext.ts";
import type { Member } from "../../src/reconciler/policy/roleOf.ts";
import { missingInstallations } from "../../src/reconciler/upkeep/duties.ts";
import type { GroupContext } from "../../src/wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../src/wire/ids.ts";
import type { KeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { UPKEEP_DISTANCE_BLOCKS, VOID_BLOCKS } from "../../src/wire/limits.ts";
import { testId, testIntent } from "../support/testIntent.ts";

/**
 * Every order of what may happen to an installation that can't follow, judged and planned by the rules as they are: what
 * members plan is permitted, whoever was removed by a decision stays out whatever a plain member tries, and whoever was
 * cut off and not decided about comes back.
 */
const member = (inbox: number, device: number): Member => ({
  inbox: testId<InboxId>(inbox),
  installation: testId<InstallationKey>(16 * inbox + device),
});
const [alice, bob, xena, tablet] = [member(1, 1), member(2, 1), member(3, 1), member(3, 2)];

type Leaf = Member & { readonly leafIndex: number };

type World = {
  readonly context: GroupContext;
  /** Each leaf with an index of its own, so that a request for one is for no other. */
  readonly members: readonly Leaf[];
  readonly block: number;
  readonly lastAdd: number | undefined;
  readonly lastCommit: ReadonlyMap<InboxId, number>;
  readonly leavers: ReadonlySet<InboxId>;
  readonly revoked: ReadonlySet<InstallationKey>;
  /** Active in the registry. */
  readonly devices: readonly Member[];
  /** Requests, each for one leaf. */
  readonly asked: ReadonlyMap<InstallationKey, number>;
  /** Xena's inbox lost a leaf or its place by a decision. */
  readonly isDecided: boolean;
  readonly hasLeft: boolean;
};

function founded(devices: readonly Member[]): World {
  const all = [alice, bob, ...devices];
  return {
    context: firstContext({ drawBytes: randomBytes, name: "", creator: alice.inbox }),
    members: all.map((one, leafIndex) => ({ ...one, leafIndex })),
    ...{ block: 100_000, lastAdd: undefined, lastCommit: new Map(), leavers: new Set(), revoked: new Set() },
    ...{ devices: all, asked: new Map(), isDecided: false, hasLeft: false },
  };
}

const has = ({ members }: World, { installation }: Member) =>
  members.find((one) => one.installation === installation);

/** Requests that are good for the leaf that is there. */
function strandedIn(world: World) {
  const proof = new Uint8Array();
  const good = world.members.filter((one) => world.asked.get(one.installation) === one.leafIndex);
  return new Map(good.map((one) => [one.installation, { ...one, proof }]));
}

type Commit = {
  readonly writer: Member;
  readonly adds: readonly Member[];
  readonly removes: readonly Member[];
  readonly next: GroupContext | undefined;
};

function judge(world: World, { writer, adds, removes, next }: Commit) {
  const { context, members, block, lastAdd, lastCommit, leavers, revoked } = world;
  return judgeCommit({
    ...{ context, members, revoked, writer, block, registryBlock: block, leavers, removes },
    ...{ lastAddBlock: lastAdd, lastCommitBlock: lastCommit.get(writer.inbox) },
    adds: adds.map((one) => ({ ...one, active: !revoked.has(one.installation) })),
    after: next && { kind: "context", context: next },
    stranded: new Set(strandedIn(world).keys()),
  });
}

/** A permitted commit, and some blocks. */
function adopt(world: World, { writer, adds, removes, next = world.context }: Commit): World {
  const gone = new Set(removes.map(({ installation }) => installation));
  const repaired = new Set(
    next.returning.filter((one) => !world.context.returning.includes(one)).map((one) => one.installation),
  );
  const decided = removes.some((one) => one.inbox === xena.inbox && !repaired.has(one.installation));
  const unlisted = world.context.returning.some(
    (one) => one.inbox === xena.inbox && !next.returning.some((r) => r.installation === one.installation),
  );
  const leafIndex = 1000 + world.block;
  const isAdd = adds.length > 0;
  return {
    ...world,
    context: next,
    members: [
      ...world.members.filter(({ installation }) => !gone.has(installation)),
      ...adds.map((one, i) => ({ ...one, leafIndex: leafIndex + i })),
    ],
    lastAdd: isAdd ? world.block : world.lastAdd,
    lastCommit: isAdd ? new Map() : new Map([...world.lastCommit, [writer.inbox, world.block]]),
    leavers: isAdd ? new Set() : world.leavers,
    isDecided: world.isDecided || decided || unlisted,
    block: world.block + UPKEEP_DISTANCE_BLOCKS,
  };
}

function registryOf(world: World): (inbox: InboxId) => KnownInbox {
  return (inbox) => ({
    inbox,
    installations: world.devices
      .filter((one) => one.inbox === inbox)
      .map(({ installation }) => ({
        installation,
        addedBlock: 1,
        revokedBlock: world.revoked.has(installation) ? 2 : undefined,
      })),
  });
}

/** What this member plans, and whether the others take it. */
function planned(world: World, self: Member, remove?: InboxId): World {
  const { context, members, block, lastAdd, lastCommit, leavers, revoked } = world;
  const view = { epoch: 1, context, members };
  const leaves = { leavers, asked: leavers };
  const at = { view, revoked, leaves, stranded: strandedIn(world), owed: undefined, block };
  const missing = missingInstallations({ standing: standingOf(at), registry: registryOf(world), block });
  const records = missing.map((one) => ({ ...one, keyPackage: new Uint8Array() }) as KeyPackageRecord);
  const plan: EntryPlan = planEntry({
    ...{ ...at, self, missing, former: new Set([xena.inbox]), isDeleted: false, appeal: undefined },
    ...{ lastCommitBlock: lastCommit.get(self.inbox), lastAddBlock: lastAdd, drawBytes: randomBytes },
    intent: remove
      ? testIntent({ action: { kind: "remove", members: [remove] }, resolved: [remove], remaining: [remove] })
      : testIntent({ action: { kind: "upkeep" } }),
    keyPackages: Map.groupBy(records, ({ inbox }) => inbox),
  });
  if (plan.kind === "done" || plan.kind === "fail") return world;
  assert.ok(plan.kind === "commit", `no ${plan.kind}`);
  const adds = missing.filter(({ installation }) =>
    plan.adds.some((one) => one.installation === installation),
  );
  const removes = members.filter(({ leafIndex }) => plan.removes.includes(leafIndex));
  const commit = { writer: self, adds, removes, next: plan.context };
  assert.deepEqual(judge(world, commit), { kind: "permitted" });
  return adopt(world, commit);
}

/** Everything that bob can write for an accomplice: adding it, repairing it, taking it out, listing it. */
function attempts(world: World): Commit[] {
  const { context, members, block } = world;
  return [xena, tablet].flatMap((target): Commit[] => {
    const leaf = has(world, target);
    const repaired = leaf ? [leaf] : [];
    const listed = returningAfter({ context, decided: new Set(), repaired: [target], block });
    const salt = new Uint8Array(32).fill(block % 251);
    const removes = members.filter((one) => one === leaf);
    return [
      { writer: bob, adds: [target], removes: [], next: undefined },
      { writer: bob, adds: [], removes: repaired, next: { ...context, salt, returning: listed } },
      { writer: bob, adds: [], removes, next: { ...context, salt } },
      { writer: bob, adds: [], removes: [], next: { ...context, returning: listed } },
      { writer: bob, adds: [], removes: [], next: { ...context, returning: [] } },
    ];
  });
}

const events: Record<string, (world: World) => World> = {
  asked: (world) => {
    const leaf = has(world, xena);
    return leaf ? { ...world, asked: new Map([...world.asked, [xena.installation, leaf.leafIndex]]) } : world;
  },
  upkeep: (world) => planned(world, bob),
  removed: (world) => planned(world, alice, xena.inbox),
  revoked: (world) => ({ ...world, revoked: new Set([...world.revoked, xena.installation]) }),
  left: (world) =>
    has(world, xena) ? { ...world, leavers: new Set([...world.leavers, xena.inbox]), hasLeft: true } : world,
  "own device": (world) => {
    const device = member(2, world.devices.length);
    const commit = { writer: bob, adds: [device], removes: [], next: undefined };
    assert.deepEqual(judge(world, commit), { kind: "permitted" });
    return { ...adopt(world, commit), devices: [...world.devices, device] };
  },
  accomplice: (world) => {
    const commit = attempts(world).find((one) => judge(world, one).kind === "permitted");
    return commit ? adopt(world, commit) : world;
  },
};

function* ordersOf(names: readonly string[], length: number): Generator<readonly string[]> {
  if (length === 0) return yield [];
  for (const first of names) for (const rest of ordersOf(names, length - 1)) yield [first, ...rest];
}

function play(world: World, order: readonly string[]): World {
  let now = world;
  for (const name of order) {
    now = (events[name] ?? assert.fail())(now);
    const isIn = now.members.some(({ inbox }) => inbox === xena.inbox);
    const onList = now.context.returning.some(({ inbox }) => inbox === xena.inbox);
    const isWhole = now.isDecided && world.devices.every((one) => one.inbox !== xena.inbox || one === xena);
    if (isWhole) assert.ok(!isIn && !onList, `out for good: ${order.join(", ")}`);
  }
  return now;
}

/** Until nothing is left to do. */
function settle(world: World): World {
  let now = world;
  for (let i = 0; i < 10; i++) now = planned(now, bob);
  return now;
}

test("in every order whoever was removed by a decision stays out, and whoever was cut off comes back", () => {
  let [back, out] = [0, 0];
  for (const order of ordersOf(Object.keys(events), 5)) {
    const played = play(founded([xena]), order);
    const asked = played.asked.get(xena.installation);
    const end = settle(played);
    const leaf = has(end, xena);
    const isHonest = !played.isDecided && !played.hasLeft && !played.revoked.has(xena.installation);
    if (isHonest) assert.ok(leaf, `in: ${order.join(", ")}`);
    if (isHonest && asked !== undefined && order.indexOf("accomplice") < 0) {
      const isFirst = end.context.returning.length === 1;
      if (isFirst && order.filter((name) => name === "asked").length === 1) {
        assert.notEqual(leaf?.leafIndex, asked, `back: ${order.join(", ")}`);
        back++;
      }
    }
    if (played.isDecided) {
      assert.equal(leaf, undefined, `out: ${order.join(", ")}`);
      out++;
    }
  }
  assert.ok(back > 100 && out > 1000, `${back} came back, ${out} were out`);
});

test("a request that comes again within the period waits for its end, and is heard then", () => {
  const first = play(founded([xena]), ["asked", "upkeep", "upkeep", "asked"]);
  const leaf = has(first, xena)?.leafIndex;
  assert.equal(has(settle(first), xena)?.leafIndex, leaf);
  const later = settle({ ...first, block: first.block + VOID_BLOCKS });
  assert.ok(has(later, xena));
  assert.notEqual(has(later, xena)?.leafIndex, leaf);
});

test("a decision about an inbox is about all its installations, those that are away included", () => {
  for (const order of ordersOf(Object.keys(events), 4)) {
    const start = founded([xena, tablet]);
    const played = play(start, ["asked", "upkeep", "removed", ...order]);
    assert.ok(played.isDecided);
    assert.ok(!played.members.some(({ inbox }) => inbox === xena.inbox), order.join(", "));
    assert.ok(!settle(played).members.some(({ inbox }) => inbox === xena.inbox), order.join(", "));
  }
});
