import type { Client, IntentHandle, Role } from "../../src/index.ts";
import { addMembers, createGroup, removeMembers, setRole } from "../../src/index.ts";
import { seedRandomness } from "./seedRandomness.ts";
import {
  emptySnapshot,
  type NetworkKind,
  openSeats,
  openWorld,
  type Snapshot,
  seatOf,
  takeSnapshot,
  type World,
} from "./world.ts";

/** Where histories begin. */
type Base = {
  readonly names: readonly string[];
  /** Taken in by alice, who founds the group, together with her other devices; the others stay outside. */
  readonly members: readonly string[];
  readonly roles: Readonly<Record<string, Role>>;
  /** Taken out again just before the histories begin. */
  readonly removed?: string;
};

/** Carol is in all of them and sends nothing, so that what she saw can be shown to a copy of her in other orders. */
const bases: readonly Base[] = [
  { names: ["alice", "bob", "carol"], members: ["bob", "carol"], roles: { bob: "super-admin" } },
  { names: ["alice", "bob", "carol", "dave"], members: ["bob", "carol"], roles: { bob: "admin" } },
  { names: ["alice", "bob", "bob2", "carol"], members: ["bob", "carol"], roles: {} },
  {
    names: ["alice", "bob", "carol", "dave"],
    members: ["bob", "carol", "dave"],
    roles: { bob: "super-admin" },
    removed: "dave",
  },
];

const made = new Map<NetworkKind, Promise<Snapshot[]>>();

/** One at a time: time is everybody's. The same in every process. */
export async function openBases(kind: NetworkKind): Promise<readonly Snapshot[]> {
  const making = made.get(kind) ?? makeBases(kind);
  made.set(kind, making);
  return await making;
}

async function makeBases(kind: NetworkKind): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  for (const base of bases) snapshots.push(await makeBase(base, kind, snapshots.length));
  return snapshots;
}

async function makeBase(
  { names, members, roles, removed }: Base,
  kind: NetworkKind,
  seed: number,
): Promise<Snapshot> {
  using _ = seedRandomness(seed);
  await using world = await openWorld({ snapshot: emptySnapshot(names, kind), seed, faults: 0 });
  for (const name of names) await openSeats(world, [name]);
  const client = clientOf(world, "alice");
  const inboxes = members.map((name) => clientOf(world, name).inbox);
  const { group, intent } = await world.time.settle(createGroup({ client, name: "g", members: [] }), 1_000);
  await done(world, Promise.resolve(intent));
  await done(world, addMembers({ client, group, members: inboxes }));
  for (const [name, role] of Object.entries(roles)) {
    await done(world, setRole({ client, group, member: clientOf(world, name).inbox, role }));
  }
  await world.time.run(10_000);
  if (removed) await done(world, removeMembers({ client, group, members: [clientOf(world, removed).inbox] }));
  return await takeSnapshot(world, group);
}

async function done(world: World, asked: Promise<IntentHandle>): Promise<void> {
  const { settled } = await world.time.settle(asked, 1_000);
  const outcome = await world.time.settle(settled, 60_000);
  if (outcome.kind !== "delivered") throw new Error(`the base does not come to be: ${outcome.reason}`);
}

function clientOf(world: World, name: string): Client {
  const { client } = seatOf(world, name);
  if (client) return client;
  throw new Error(`${name} is not there`);
}
