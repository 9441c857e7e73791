import assert from "node:assert/strict";
import { test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { createGroup, groupStatus } from "../../src/index.ts";
import { makeStrangers } from "./foundOffline.ts";
import { seedRandomness } from "./seedRandomness.ts";
import { clientOf, openSeats, openWorld, type Snapshot, until } from "./world.ts";

const PATIENCE_MS = 150_000;
/** Beyond finality. What comes first when a witness answers again, the Welcome or forgetting, depends on the moment. */
const WITHOUT_WITNESS_MS = [93_700, 95_070, 96_440, 97_810, 99_180];

test("an Add on which no witness answers until it is final is still followed by its Welcome", async () => {
  const snapshot = await makeStrangers();
  for (const silentMs of WITHOUT_WITNESS_MS) await addWithoutWitness(snapshot, silentMs);
});

async function addWithoutWitness(snapshot: Snapshot, silentMs: number): Promise<void> {
  using _ = seedRandomness(1);
  await using world = await openWorld({ snapshot, seed: 1, faults: 0 });
  const { time, mesh } = world;
  await openSeats(world, ["alice", "bob"]);
  const [alice, bob] = [clientOf(world, "alice"), clientOf(world, "bob")];
  const founding = createGroup({ client: alice, name: "late", members: [bob.inbox] });
  const { group } = await time.settle(founding, PATIENCE_MS);
  const opened = coreOf(alice).groups.get(group);
  assert(opened);
  while (!opened.view.intents.some(({ progress }) => progress.kind === "staged")) await time.run(1);
  const silent = mesh.nodes.find(({ node }) => node !== opened.told?.node);
  assert(silent);
  mesh.down.add(silent.name);
  await time.run(silentMs);
  assert.equal(opened.view.provisional.length, 1, "one node alone has told of the Add");
  mesh.down.delete(silent.name);
  const what = `bob welcomed after ${silentMs} ms`;
  const isSo = async () =>
    (await groupStatus({ client: bob, group }).catch(() => undefined))?.membership === "member";
  await until({ world, what, isSo, limitMs: PATIENCE_MS });
}
