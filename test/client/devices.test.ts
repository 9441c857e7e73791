import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  addMembers,
  type Client,
  createGroup,
  findIntent,
  type GroupId,
  groupStatus,
  listInstallations,
  listIntents,
  listMembers,
  listMessages,
  removeMembers,
  revokeInstallation,
  sendMessage,
  setOnline,
  setRole,
  stream,
  syncStatus,
} from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const failed = (reason: string) => ({ kind: "failed", reason });

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function leavesOf(client: Client, group: GroupId): Promise<number> {
  const members = await listMembers({ client, group });
  return members.reduce((sum, { installations }) => sum + installations, 0);
}

test("a second device joins its inbox's groups by itself, and is revoked for ever", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "carol"] });
  const { group, members } = opened;
  const [alice, bob, carol] = members;
  assert.ok(alice && bob && carol);
  const { privateKey } = alice;
  await using second = await openTestClient({ network, name: "alice/2", privateKey });
  assert.equal(second.client.inbox, alice.client.inbox);
  assert.notEqual(second.client.installation, alice.client.installation);
  await until("the second device in the group", () => isMember(second, group));
  await until("four leaves at bob's", async () => (await leavesOf(bob.client, group)) === 4);
  assert.equal((await groupStatus({ ...bob, group })).members.length, 3);
  const added = (await listMessages({ ...bob, group })).filter(
    (item) => item.kind === "membership" && item.changes[0]?.kind === "installation-added",
  );
  assert.equal(added.length, 1);
  const said = await sendMessage({ ...second, group, text: "from my phone" });
  assert.deepEqual(await said.settled, delivered);
  await until("bob reads it", async () => (await texts(bob, group)).includes("from my phone"));

  const stranger = await revokeInstallation({ ...bob, installation: second.client.installation });
  assert.deepEqual(await stranger.settled, failed("unknown-installation"));
  const stop = new AbortController();
  const events = stream({ ...second, signal: stop.signal });
  const told = (async () => {
    for await (const { kind } of events) if (kind === "revoked") return kind;
    return undefined;
  })();
  const { installation } = second.client;
  const revoked = await revokeInstallation({ ...alice, installation });
  const again = await revokeInstallation({ ...alice, installation });
  assert.equal(again.id, revoked.id);
  assert.deepEqual(await revoked.settled, delivered);
  assert.equal(await told, "revoked");
  stop.abort();
  assert.ok((await syncStatus(second)).isRevoked);
  const late = await sendMessage({ ...second, group, text: "am I still here?" });
  assert.deepEqual(await late.settled, failed("revoked"));
  for (const { client } of [alice, bob, carol]) {
    await until("three leaves", async () => (await leavesOf(client, group)) === 3);
  }
  await until("out", async () => (await groupStatus({ ...second, group })).membership === "removed");
  assert.equal((await groupStatus({ ...second, group })).reason, "revoked");
  const after = await sendMessage({ ...second, group, text: "hello?" });
  assert.deepEqual(await after.settled, failed("revoked"));
  const { installations } = await listInstallations(alice);
  assert.deepEqual(
    installations.map(({ isSelf, revokedBlock }) => [isSelf, revokedBlock !== undefined]),
    [
      [true, false],
      [false, true],
    ],
  );
  const listed = (await listIntents(alice)).find(({ action }) => action === "revoke");
  assert.deepEqual(listed?.outcome, delivered);
  assert.deepEqual(await (await findIntent({ ...alice, id: revoked.id }))?.settled, delivered);
});

test("all devices of whoever is invited come along, and go with it", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice, bob] = members;
  assert.ok(alice && bob);
  await using carol = await openTestClient({ network, name: "carol" });
  await using phone = await openTestClient({ network, name: "carol/2", privateKey: carol.privateKey });
  const addition = await addMembers({ ...alice, group, members: [carol.client.inbox] });
  assert.deepEqual(await addition.settled, delivered);
  // Alice's node may not have read yet that there is a phone: then it follows.
  await until("both devices in", async () => (await leavesOf(alice.client, group)) === 4);
  for (const one of [carol, phone]) await until("in the group", () => isMember(one, group));
  const removal = await removeMembers({ ...alice, group, members: [carol.client.inbox] });
  assert.deepEqual(await removal.settled, delivered);
  assert.equal(await leavesOf(alice.client, group), 2);
  for (const one of [carol, phone]) {
    await until("out", async () => (await groupStatus({ ...one, group })).membership === "removed");
  }
  const word = await sendMessage({ ...phone, group, text: "still here" });
  assert.deepEqual(await word.settled, failed("removed"));
});

test("whoever is online takes devices in and out; a revocation made offline waits", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({ ...alice, name: "g", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("bob in", () => isMember(bob, group));
  await setOnline({ ...alice, online: false });
  const { privateKey } = alice;
  await using second = await openTestClient({ network, name: "alice/2", privateKey });
  await until("taken in by bob", () => isMember(second, group));
  const { installation } = second.client;
  const revocation = await revokeInstallation({ ...alice, installation });
  assert.equal((await listIntents({ ...alice, open: true }))[0]?.action, "revoke");
  await setOnline({ ...second, online: false });
  await setOnline({ ...alice, online: true });
  assert.deepEqual(await revocation.settled, delivered);
  for (const { client } of [alice, bob]) {
    await until("out of the group", async () => (await leavesOf(client, group)) === 2);
  }
  await using third = await openTestClient({ network, name: "alice/3", privateKey });
  await until("another one in", () => isMember(third, group));
  const raised = await setRole({ ...third, group, member: bob.client.inbox, role: "admin" });
  assert.deepEqual(await raised.settled, delivered);
});
