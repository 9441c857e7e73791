import assert from "node:assert/strict";
import { test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { WeftError } from "../../src/errors.ts";
import {
  addMembers,
  createGroup,
  deleteMessage,
  type IntentHandle,
  removeMembers,
  renameGroup,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import type { GroupId, Hex } from "../../src/wire/ids.ts";
import { reorganize } from "./memoryChain.ts";
import type { Seat } from "./seat.ts";
import { seedRandomness } from "./seedRandomness.ts";
import {
  clientOf,
  emptySnapshot,
  openSeats,
  openWorld,
  type Snapshot,
  seatOf,
  takeSnapshot,
  until,
  type World,
} from "./world.ts";

const NAMES = ["alice", "bob", "carol", "dave"];
const PATIENCE_MS = 60_000;

type Scene = { readonly world: World; readonly group: GroupId };

async function done({ world }: Scene, asked: Promise<IntentHandle>): Promise<void> {
  const { settled } = await world.time.settle(asked, PATIENCE_MS);
  assert.deepEqual(await world.time.settle(settled, PATIENCE_MS), { kind: "delivered" });
}

async function untilSo({ world }: Scene, what: string, isSo: () => boolean): Promise<void> {
  await until({ world, what, isSo, limitMs: PATIENCE_MS });
}

const recordOf = ({ world, group }: Scene, name: string) =>
  coreOf(clientOf(world, name)).groups.get(group)?.view.record;
const isIn = (scene: Scene, name: string) => recordOf(scene, name)?.status === "member";
const waits = (scene: Scene, name: string) => recordOf(scene, name)?.isUnheard === true;
const hasHeard = (scene: Scene, name: string) => isIn(scene, name) && !waits(scene, name);

/** That took in the entry by which this seat came in. */
function blockOfStart(scene: Scene, name: string): Hex | undefined {
  const { view } = coreOf(clientOf(scene.world, name)).groups.get(scene.group) ?? {};
  return view?.entries.get(view.record.start.head)?.block.hash;
}

async function goOnline({ world }: Scene, name: string, online: boolean): Promise<void> {
  await world.time.settle(setOnline({ client: clientOf(world, name), online }), PATIENCE_MS);
}

async function add(scene: Scene, ...names: string[]): Promise<void> {
  const { world, group } = scene;
  const members = names.map((name) => clientOf(world, name).inbox);
  await done(scene, addMembers({ client: clientOf(world, "alice"), group, members }));
  for (const name of names) await untilSo(scene, `${name} joins`, () => isIn(scene, name));
}

/** Alice and bob are in a group where not every entry was the first below its parent: whoever joins has to hear somebody. */
async function makeBase(): Promise<Snapshot> {
  await using world = await openWorld({ snapshot: emptySnapshot(NAMES), seed: 1, faults: 0 });
  await openSeats(world, NAMES);
  const [client, bob] = [clientOf(world, "alice"), clientOf(world, "bob")];
  const founding = createGroup({ client, name: "g", members: [bob.inbox] });
  const { group, intent } = await world.time.settle(founding, PATIENCE_MS);
  const scene = { world, group };
  await done(scene, Promise.resolve(intent));
  await untilSo(scene, "bob joins", () => isIn(scene, "bob"));
  const saying = sendMessage({ client: bob, group, text: "to be deleted" });
  const { messageId: message } = await world.time.settle(saying, PATIENCE_MS);
  await done(scene, saying);
  await world.time.run(2_000);
  await done(scene, deleteMessage({ client, group, message }));
  await done(scene, renameGroup({ client, group, name: "behind a control" }));
  return await takeSnapshot(world, group);
}

let base: Promise<Snapshot> | undefined;

async function play(seed: number, scenario: (scene: Scene) => Promise<void>): Promise<void> {
  using _ = seedRandomness(seed);
  base ??= makeBase();
  const snapshot = await base;
  await using world = await openWorld({ snapshot, seed, faults: 0 });
  await openSeats(world, NAMES);
  assert.ok(snapshot.group);
  await world.time.run(2_000);
  await scenario({ world, group: snapshot.group });
}

/** Nothing that this seat says gets to a node. */
function silence({ wire }: Seat): () => void {
  const { storyOf } = wire;
  const publish = async () => {
    throw new WeftError({ code: "node-unreachable", message: "the connection broke" });
  };
  Object.assign(wire, {
    storyOf: (node: Parameters<typeof storyOf>[0]) => {
      const story = storyOf(node);
      return { ...story, api: { ...story.api, publish } };
    },
  });
  return () => void Object.assign(wire, { storyOf });
}

test("those who came in together, with nobody else there but who added them, all hear a second member", async () => {
  await play(1, async (scene) => {
    const { world, group } = scene;
    const client = clientOf(world, "alice");
    await done(scene, removeMembers({ client, group, members: [clientOf(world, "bob").inbox] }));
    await add(scene, "carol", "dave");
    for (const name of ["carol", "dave"]) await untilSo(scene, `${name} hears`, () => hasHeard(scene, name));
  });
});

test("who waits to be heard is not forgotten when somebody else is added", async () => {
  await play(2, async (scene) => {
    await goOnline(scene, "bob", false);
    await add(scene, "carol");
    assert.ok(waits(scene, "carol"));
    await add(scene, "dave");
    await scene.world.time.run(30_000);
    await goOnline(scene, "bob", true);
    for (const name of ["carol", "dave"]) await untilSo(scene, `${name} hears`, () => hasHeard(scene, name));
  });
});

test("whoever is welcomed by another than who added it hears the one who did", async () => {
  await play(3, async (scene) => {
    const { world, group } = scene;
    const speak = silence(seatOf(world, "alice"));
    const { inbox } = clientOf(world, "carol");
    await world.time.settle(
      addMembers({ client: clientOf(world, "alice"), group, members: [inbox] }),
      PATIENCE_MS,
    );
    await untilSo(scene, "carol joins", () => isIn(scene, "carol"));
    assert.equal(recordOf(scene, "carol")?.inviter, clientOf(world, "bob").inbox);
    assert.ok(waits(scene, "carol"));
    speak();
    await untilSo(scene, "carol hears", () => hasHeard(scene, "carol"));
  });
});

test("whoever was heard need not be heard again when the entry lands again", async () => {
  await play(4, async (scene) => {
    const { world } = scene;
    await add(scene, "carol");
    await untilSo(scene, "carol hears", () => hasHeard(scene, "carol"));
    const landedIn = () => blockOfStart(scene, "carol");
    const before = landedIn();
    const at = world.chain.blocks.findIndex(({ ref }) => ref.hash === before);
    assert.ok(at > 0);
    reorganize({ chain: world.chain, depth: world.chain.blocks.length - at, keeps: () => true });
    await untilSo(scene, "it lands again", () => landedIn() !== before && isIn(scene, "carol"));
    await untilSo(scene, "carol hears", () => hasHeard(scene, "carol"));
  });
});
