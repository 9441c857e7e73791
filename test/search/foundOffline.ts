import { coreOf } from "../../src/client/client.ts";
import { createGroup, groupStatus, listMessages, sendMessage, setOnline } from "../../src/index.ts";
import { holdUp, type Lateness } from "./holdUp.ts";
import { seedRandomness } from "./seedRandomness.ts";
import {
  clientOf,
  emptySnapshot,
  openSeats,
  openWorld,
  type Snapshot,
  takeSnapshot,
  until,
} from "./world.ts";

/** Longer than everything that a client waits for by design, far shorter than a node is left for. */
const PATIENCE_MS = 150_000;

/** Alice and bob, registered, without a group. */
export async function makeStrangers(): Promise<Snapshot> {
  using _ = seedRandomness(1);
  await using world = await openWorld({ snapshot: emptySnapshot(["alice", "bob"]), seed: 1, faults: 0 });
  await openSeats(world, ["alice", "bob"]);
  await world.time.run(5_000);
  return await takeSnapshot(world, "0x" as never);
}

/**
 * Alice founds a group while she is offline, says something and comes online; one of the steps of her client and of the
 * nodes is late. Throws if bob does not read it in time; gives the number of steps that it took.
 */
export async function foundOffline(params: {
  snapshot: Snapshot;
  seed: number;
  late: Lateness | undefined;
}): Promise<number> {
  const { snapshot, seed, late } = params;
  using _ = seedRandomness(seed);
  await using world = await openWorld({ snapshot, seed, faults: 0 });
  const { time, mesh } = world;
  await openSeats(world, ["alice", "bob"]);
  const [client, bob] = [clientOf(world, "alice"), clientOf(world, "bob")];
  const databases = [coreOf(client).database, ...mesh.nodes.map(({ admission }) => admission.store.database)];
  const held = holdUp({ time, databases, late });
  await time.settle(setOnline({ client, online: false }), PATIENCE_MS);
  const founding = createGroup({ client, name: "later", members: [bob.inbox] });
  const { group } = await time.settle(founding, PATIENCE_MS);
  const hello = await time.settle(sendMessage({ client, group, text: "first words" }), PATIENCE_MS);
  await time.settle(setOnline({ client, online: true }), PATIENCE_MS);
  const outcome = await time.settle(hello.settled, PATIENCE_MS);
  if (outcome.kind !== "delivered") throw new Error(`it was not delivered: ${outcome.reason}`);
  const isRead = async () => {
    const status = await groupStatus({ client: bob, group }).catch(() => undefined);
    if (!status) return false;
    const items = await listMessages({ client: bob, group });
    return items.some((item) => item.kind === "message" && item.text === "first words");
  };
  await until({ world, what: "bob reads it", isSo: isRead, limitMs: PATIENCE_MS });
  const steps = held.count();
  held.stop();
  await time.run(late?.ms ?? 0);
  return steps;
}
