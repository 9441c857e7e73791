import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { createGroup, groupStatus, renameGroup, sendMessage } from "../../src/index.ts";
import { keyDateOf } from "../../src/reconciler/upkeep/rotation.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const rotation = { afterJoiningMs: 200, periodMs: 4_000 };
/** The chain's clock has whole seconds. */
const TICK_MS = 1_000;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 1 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** When this client's own rotations landed in its group, after when it came in; seconds of the chain. */
function rotationsOf({ client }: TestClient, id: GroupId): { start: number; times: number[] } {
  const steps = coreOf(client).groups.get(id)?.view.branch.steps ?? [];
  const own = steps.flatMap(({ entry }) =>
    entry?.verdict.kind === "adopted" &&
    entry.verdict.writer.installation === client.installation &&
    entry.verdict.adds.length === 0
      ? [entry.block.time]
      : [],
  );
  const start = steps.find(({ entry }) => entry)?.entry?.block.time ?? 0;
  return { start, times: own };
}

test("after joining keys are renewed once, then by period, across a restart; messages go on", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"], rotation });
  const { group: id, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  const alone = await createGroup({ client: alice.client, name: "alone", members: [] });
  for (const member of members) {
    await until("renewed after joining", () => rotationsOf(member, id).times.length >= 1);
  }
  const said = await sendMessage({ client: alice.client, group: id, text: "meanwhile" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("at bob's", async () => (await texts(bob, id)).includes("meanwhile"));
  await bob.client[Symbol.asyncDispose]();
  const { directory, privateKey } = bob;
  await using again = await openTestClient({ network, name: "bob", directory, privateKey, rotation });
  for (const member of [alice, again]) {
    await until("renewed by period", () => rotationsOf(member, id).times.length >= 2);
    const { start, times } = rotationsOf(member, id);
    const gaps = times.slice(1).map((time, i) => (time - (times[i] ?? 0)) * 1000);
    assert.ok((times[0] ?? 0) >= start);
    for (const gap of gaps) assert.ok(gap >= rotation.periodMs / 2 - TICK_MS, `renewed after ${gap} ms`);
  }
  assert.equal((await groupStatus({ client: alice.client, group: alone.group })).epoch, 1, "alone, it rests");
});

test("any commit with a path resets the clock", async () => {
  const rarely = { afterJoiningMs: 3_600_000, periodMs: 3_600_000 };
  await using opened = await openTestGroup({ network, names: ["alice", "bob"], rotation: rarely });
  const { group: id, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  const datedFrom = () => {
    const steps = coreOf(client).groups.get(id)?.view.branch.steps ?? [];
    return keyDateOf({ steps, self: client.installation });
  };
  assert.equal(datedFrom()?.isRotated, false);
  const renamed = await renameGroup({ client, group: id, name: "new" });
  assert.deepEqual(await renamed.settled, { kind: "delivered" });
  const { head } = await groupStatus({ client, group: id });
  assert.deepEqual([datedFrom()?.entry, datedFrom()?.isRotated], [head, true]);
});
