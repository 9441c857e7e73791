import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import {
  countOutcomes,
  createGroup,
  type GroupId,
  groupStatus,
  listInstallations,
  listIntents,
  renameGroup,
  rotateKeys,
  sendMessage,
  setOnline,
  stream,
  syncStatus,
} from "../../src/index.ts";
import { decodeKeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const copied = { kind: "failed", reason: "copied" } as const;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** A group of alice and bob, alice's database closed, with or without a message that waits, and a copy of it. */
async function openCopied(
  stack: AsyncDisposableStack,
  waits = true,
): Promise<{
  group: GroupId;
  bob: TestClient;
  alice: Pick<TestClient, "directory" | "privateKey">;
  copy: string;
}> {
  const [original, copy] = [await temporaryDirectory(), await temporaryDirectory()];
  stack.use(original);
  stack.use(copy);
  const bob = stack.use(await openTestClient({ network, name: "bob" }));
  await using alice = await openTestClient({ network, name: "alice", directory: original.path });
  const { group, intent } = await createGroup({ ...alice, name: "g", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("bob in", () => isMember(bob, group));
  assert.deepEqual(await (await sendMessage({ ...alice, group, text: "one" })).settled, delivered);
  await setOnline({ ...alice, online: false });
  if (waits) await sendMessage({ ...alice, group, text: "queued" });
  const { directory, privateKey } = alice;
  await alice[Symbol.asyncDispose]();
  await cp(directory, copy.path, { recursive: true });
  return { group, bob, alice: { directory, privateKey }, copy: copy.path };
}

async function isAnew(one: TestClient, group: GroupId, old: string): Promise<boolean> {
  const { installations } = await groupStatus({ ...one, group });
  const { installation } = one.client;
  return installation !== old && isMember(one, group) && installations.includes(installation);
}

/** Bob has every key but has used each of them once. */
async function assertNoKeyUsedTwice(bob: TestClient, group: GroupId): Promise<void> {
  const { rejected } = await countOutcomes({ ...bob, group });
  assert.deepEqual(rejected, {});
}

test("a restored database notices before it seals, and becomes a new installation", async () => {
  await using stack = new AsyncDisposableStack();
  const { group, bob, alice, copy } = await openCopied(stack);
  const old = await goOnAndLoseTheDisk({ alice, group });
  await using restored = await openTestClient({ network, ...alice, directory: copy, online: false });
  const stop = new AbortController();
  const told = (async () => {
    for await (const event of stream({ ...restored, group, signal: stop.signal })) {
      if (event.kind === "copied") return event.installation;
    }
    return undefined;
  })();
  assert.equal(restored.client.installation, old);
  const early = await sendMessage({ ...restored, group, text: "restored" });
  await setOnline({ ...restored, online: true });
  assert.deepEqual(await early.settled, copied);
  assert.equal(await told, old);
  stop.abort();
  const sends = (await listIntents(restored)).filter(({ action }) => action === "send");
  assert.deepEqual(
    sends.map(({ outcome }) => outcome),
    [delivered, copied, copied],
    "what the other one may have sent is not sent again",
  );
  const waiting = await sendMessage({ ...restored, group, text: "back again" });
  await until("the new installation in the group", () => isAnew(restored, group, old));
  assert.deepEqual(await waiting.settled, delivered);
  await until("bob reads it", async () => (await texts(bob, group)).includes("back again"));
  assert.deepEqual(await texts(bob, group), ["one", "queued", "two", "three", "back again"]);
  assert.deepEqual(await texts(restored, group), ["one", "queued", "two", "back again"]);
  await until("the old one revoked", async () => (await revokedOf(restored)).includes(old));
  await until("two leaves", async () => (await groupStatus({ ...bob, group })).installations.length === 2);
  await until("nothing is left of it", async () => (await syncStatus(restored)).copyOf === undefined);
  await assertNoKeyUsedTwice(bob, group);
});

/** Sends what was queued, goes on, commits, and is never seen again. Gives its installation. */
async function goOnAndLoseTheDisk(params: {
  alice: Pick<TestClient, "directory" | "privateKey">;
  group: GroupId;
}): Promise<string> {
  const { alice, group } = params;
  await using original = await openTestClient({ network, ...alice });
  const two = await sendMessage({ ...original, group, text: "two" });
  assert.deepEqual(await two.settled, delivered);
  assert.deepEqual(await (await renameGroup({ ...original, group, name: "h" })).settled, delivered);
  assert.deepEqual(await (await sendMessage({ ...original, group, text: "three" })).settled, delivered);
  return original.client.installation;
}

async function revokedOf(one: TestClient): Promise<string[]> {
  const { installations } = await listInstallations(one);
  return installations
    .filter(({ revokedBlock }) => revokedBlock !== undefined)
    .map(({ installation }) => installation);
}

/** What the other database did, all that shows of it: an entry, or a key package that was used up. */
const traces: Record<string, (alice: TestClient, bob: TestClient, group: GroupId) => Promise<void>> = {
  "an entry": async (alice, _, group) => {
    assert.deepEqual(await (await rotateKeys({ ...alice, group })).settled, delivered);
  },
  "a key package": async (alice, bob) => {
    const { intent } = await createGroup({ ...bob, name: "other", members: [alice.client.inbox] });
    assert.deepEqual(await intent.settled, delivered);
    await until("a second key package", async () => {
      const { key } = coreOf(alice.client).self.installation;
      const [envelope] = (await network.nodes[0]?.api.getKeyPackages({ installations: [key] })) ?? [];
      return envelope !== undefined && decodeKeyPackageRecord(envelope).generation === 2;
    });
  },
};

for (const [i, [what, leaveTrace]] of Object.entries(traces).entries()) {
  const takesEffect = i === 1;
  test(`${what} shows a copy, too; a crash on the way to the new installation undoes nothing`, async () => {
    await using stack = new AsyncDisposableStack();
    const { group, bob, alice, copy } = await openCopied(stack, false);
    const original = await openTestClient({ network, ...alice });
    await leaveTrace(original, bob, group);
    const old = original.client.installation;
    await original[Symbol.asyncDispose]();
    const crashing = await openTestClient({ network, ...alice, directory: copy, online: false });
    await setOnline({ ...crashing, online: true });
    await until("noticed", async () => (await syncStatus(crashing)).copyOf === old);
    await crashAtNextWrite({ ...crashing, takesEffect });
    await using restored = await openTestClient({ network, ...alice, directory: copy });
    await until("the new installation in the group", () => isAnew(restored, group, old));
    const said = await sendMessage({ ...restored, group, text: "back again" });
    assert.deepEqual(await said.settled, delivered);
    await until("the old one revoked", async () => (await revokedOf(restored)).includes(old));
    await until("bob reads it", async () => (await texts(bob, group)).includes("back again"));
    await assertNoKeyUsedTwice(bob, group);
  });
}

test("of two databases with one key the first goes on until the other, a new installation, revokes it", async () => {
  await using stack = new AsyncDisposableStack();
  const { group, bob, alice, copy } = await openCopied(stack);
  await using first = await openTestClient({ network, ...alice, directory: copy });
  await until("its queue is sent", async () => (await texts(bob, group)).includes("queued"));
  await setOnline({ ...first, online: false });
  const shared = first.client.installation;
  await using second = await openTestClient({ network, ...alice });
  await until("the original is a new installation", () => isAnew(second, group, shared));
  const queued = (await listIntents(second)).at(-1);
  assert.deepEqual([queued?.action, queued?.outcome], ["send", copied]);
  assert.deepEqual(await texts(second, group), ["one", "queued"], "what the copy said is shown");
  const said = await sendMessage({ ...second, group, text: "by the original" });
  assert.deepEqual(await said.settled, delivered);
  await until("the shared key revoked", async () => (await revokedOf(second)).includes(shared));
  await setOnline({ ...first, online: true });
  await until("the copy knows", async () => (await syncStatus(first)).isRevoked);
  const late = await sendMessage({ ...first, group, text: "by the copy" });
  assert.deepEqual(await late.settled, { kind: "failed", reason: "revoked" });
  assert.equal(first.client.installation, shared, "whoever is revoked does not come back by itself");
  await until("bob reads it", async () => (await texts(bob, group)).includes("by the original"));
  assert.deepEqual(await texts(bob, group), ["one", "queued", "by the original"]);
  await assertNoKeyUsedTwice(bob, group);
});
