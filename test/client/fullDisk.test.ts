import assert from "node:assert/strict";
import { test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { createGroup, type IntentHandle, isWeftError, listMessages, sendMessage } from "../../src/index.ts";
import { failDisk } from "../support/failDisk.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

const SAID_AT_ONCE = 10;

test("on a full disk the app gets codes, once as an event, and goes on by itself when there is room", async () => {
  await using network = await startTestNetwork({ nodes: 1 });
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members.map(({ client }) => client);
  assert.ok(alice && bob);
  const troubles: string[] = [];
  const { database, events } = coreOf(alice);
  events.listen((event) => event.kind === "storage-trouble" && troubles.push(event.code));
  const isFull = (error: unknown) => isWeftError(error, "disk-full");
  {
    using _ = failDisk(database);
    for (let round = 0; round < 3; round++) {
      await assert.rejects(sendMessage({ client: alice, group, text: "lost" }), isFull);
      await until("it is closed", () => database.level.status === "closed");
      await assert.rejects(listMessages({ client: alice, group }), isFull);
    }
    await sendMessage({ client: bob, group, text: "while it is full" });
  }
  await until("it goes on", () => coreOf(alice).online !== undefined);
  const { settled } = await sendMessage({ client: alice, group, text: "there is room" });
  assert.equal((await settled).kind, "delivered");
  const textsOf = async () =>
    (await listMessages({ client: alice, group })).flatMap((item) =>
      item.kind === "message" ? [item.text] : [],
    );
  await until("what came meanwhile is read", async () => (await textsOf()).includes("while it is full"));
  assert.ok(!(await textsOf()).includes("lost"));
  assert.deepEqual(troubles, ["disk-full"]);
});

test("what is said while the database is opened again is forgotten by neither disk nor memory", async () => {
  await using network = await startTestNetwork({ nodes: 1 });
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group, members } = opened;
  const [alice] = members.map(({ client }) => client);
  assert.ok(alice);
  const core = coreOf(alice);
  const another = await createGroup({ client: alice, name: "another", members: [] });
  assert.equal((await another.intent.settled).kind, "delivered");
  const said: Promise<IntentHandle>[] = [];
  // It is open, and what memory holds of it is about to be read.
  core.database.onReopen.add(async () => {
    for (let turn = 0; turn < SAID_AT_ONCE; turn++) {
      said.push(sendMessage({ client: alice, group: another.group, text: `${turn}` }));
    }
  });
  {
    using _ = failDisk(core.database);
    await assert.rejects(sendMessage({ client: alice, group, text: "lost" }));
  }
  await core.recovery;
  assert.equal(said.length, SAID_AT_ONCE);
  for (const one of said) assert.equal((await (await one).settled).kind, "delivered");
});
