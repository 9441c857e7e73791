import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { coreOf } from "../../src/client/client.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import {
  addMembers,
  createGroup,
  groupStatus,
  listInstallations,
  type OwnChain,
  removeMembers,
  renameGroup,
  revokeInstallation,
  type StreamedEvent,
  sendMessage,
  stream,
  syncStatus,
} from "../../src/index.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import type { Hex } from "../../src/wire/ids.ts";
import { startRpcShim } from "../chain/rpcShim.ts";
import { censoring } from "../support/censoring.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { assertSameTimelines } from "../support/sameTimelines.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const FUNDS_WEI: Hex = "0xde0b6b3a7640000";

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

const rpc = <T>(method: string, args: readonly unknown[] = []) =>
  callRpc<T>({ rpcUrl: network.chain.rpcUrl, method, args });

const fund = (account: Hex) => rpc("anvil_setBalance", [account, FUNDS_WEI]);

/** The chain with an account that nobody else uses. */
async function ownChain(rpcUrl = network.chain.rpcUrl): Promise<OwnChain & { readonly address: Hex }> {
  const account = generatePrivateKey();
  const { address } = privateKeyToAccount(account);
  await fund(address);
  return { rpcUrl, account, address };
}

const sentBy = async (address: Hex) => Number(await rpc("eth_getTransactionCount", [address, "latest"]));

test("against nodes that let nothing of it through, a client founds, adds, removes and revokes", async () => {
  const asked: string[] = [];
  const connect = (place: { url: string }) => censoring(connectNode(place), (what) => asked.push(what));
  const { address, ...chain } = await ownChain();
  await using alice = await openTestClient({ network, name: "alice", chain, connect });
  await using bob = await openTestClient({ network, name: "bob" });
  await using carol = await openTestClient({ network, name: "carol" });
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "free", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("bob in the group", () => isMember(bob, group));
  const here = { client, group };
  const added = await addMembers({ ...here, members: [carol.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("carol in the group", () => isMember(carol, group));
  const removed = await removeMembers({ ...here, members: [bob.client.inbox] });
  assert.deepEqual(await removed.settled, delivered);
  await until("bob out", async () => (await groupStatus({ ...bob, group })).membership === "removed");
  // A second device, which is paid for by an account object of its own.
  const second = await ownChain();
  const account = privateKeyToAccount(second.account as Hex);
  const { privateKey } = alice;
  await using phone = await openTestClient({
    ...{ network, name: "alice/2", privateKey, connect, chain: { ...second, account } },
  });
  await until("the phone in the group", () => isMember(phone, group));
  const revoked = await revokeInstallation({ client, installation: phone.client.installation });
  assert.deepEqual(await revoked.settled, delivered);
  const { installations } = await listInstallations(alice);
  assert.equal(installations.filter(({ revokedBlock }) => revokedBlock !== undefined).length, 1);
  await until("the phone out", async () => (await groupStatus({ ...phone, group })).membership === "removed");
  const said = await sendMessage({ ...here, text: "nobody stops us" });
  assert.deepEqual(await said.settled, delivered);
  await until("all stand where alice does", async () => {
    const [own, other] = await Promise.all([alice, carol].map((one) => groupStatus({ ...one, group })));
    return own?.installations.length === 2 && own.head === other?.head;
  });
  await assertSameTimelines({ group, members: [alice, carol], messages: 1 });
  assert.deepEqual(asked, [], "no node was asked to relay anything");
  // Registration, three commits, the phone's addition and its removal, a revocation.
  assert.ok((await sentBy(address)) >= 5);
  assert.equal(await sentBy(second.address), 1);
});

test("without such a way the same nodes keep a client off the chain", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  await using again = await reopened(alice, { connect: (place) => censoring(connectNode(place)) });
  const { intent, group } = await createGroup({ client: again.client, name: "held", members: [] });
  const core = coreOf(again.client);
  await until("refused often", () => (core.groups.get(group)?.view.intents[0]?.attempts ?? 0) > 3);
  assert.equal((await groupStatus({ client: again.client, group })).membership, "creating");
  intent.settled.catch(() => undefined);
});

/** Closes a client and opens its database in another way. */
async function reopened(
  { client, directory, privateKey }: TestClient,
  how: Omit<Parameters<typeof openTestClient>[0], "network">,
): Promise<TestClient> {
  await client[Symbol.asyncDispose]();
  return await openTestClient({ network, directory, privateKey, ...how });
}

test("an account without funds is named with what it lacks, stops no message, and goes on when it has some", async () => {
  const account = generatePrivateKey();
  const { address } = privateKeyToAccount(account);
  const chain = { rpcUrl: network.chain.rpcUrl, account };
  await assert.rejects(openTestClient({ network, chain }), {
    code: "unfunded",
    message: new RegExp(`${address}.* has 0, a call takes 0[.]0`, "i"),
  });
  await using alice = await openTestClient({ network, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({ ...alice, name: "poor", members: [bob.client.inbox] });
  assert.deepEqual(await intent.settled, delivered);
  await until("bob in the group", () => isMember(bob, group));
  await using again = await reopened(alice, { name: "alice", chain });
  const here = { client: again.client, group };
  const stop = new AbortController();
  const told = firstTrouble(stream({ ...here, signal: stop.signal }));
  const renamed = await renameGroup({ ...here, name: "rich" });
  const trouble = await told;
  assert.equal(trouble?.code, "unfunded");
  assert.equal(trouble?.account, address.toLowerCase());
  stop.abort();
  await until("it says what it waits for", async () => {
    const { groups, ownChain } = await syncStatus(again);
    return groups[0]?.waitsFor === "unfunded" && ownChain?.trouble?.code === "unfunded";
  });
  const said = await sendMessage({ ...here, text: "talk is cheap" });
  assert.deepEqual(await said.settled, delivered);
  assert.equal((await groupStatus(here)).name, "poor");
  await fund(address);
  assert.deepEqual(await renamed.settled, delivered);
  assert.equal((await syncStatus(again)).ownChain?.trouble, undefined);
});

async function firstTrouble(events: AsyncIterable<StreamedEvent>) {
  for await (const event of events) if (event.kind === "chain-trouble") return event;
  return undefined;
}

test("an endpoint of another chain, an address or an account that is none are refused when the client opens", async () => {
  const { account } = await ownChain();
  await using other = await startRpcShim({
    rpcUrl: network.chain.rpcUrl,
    intercept: ({ method }) => (method === "eth_chainId" ? { result: "0x1" } : undefined),
  });
  const open = (chain: OwnChain) => openTestClient({ network, chain });
  await assert.rejects(open({ rpcUrl: other.rpcUrl, account }), { code: "wrong-chain" });
  await using alice = await openTestClient({ network, name: "alice" });
  await assert.rejects(reopened(alice, { chain: { rpcUrl: other.rpcUrl, account } }), {
    code: "wrong-chain",
  });
  const { rpcUrl } = network.chain;
  await assert.rejects(open({ rpcUrl: "ws://127.0.0.1:1", account }), { code: "bad-config" });
  for (const wrong of ["0x12", `0x${"0".repeat(64)}`] as const) {
    await assert.rejects(open({ rpcUrl, account: wrong }), (error: Error & { code?: string }) => {
      return error.code === "bad-config" && !error.message.includes(wrong);
    });
  }
  await assert.rejects(open({ rpcUrl: "http://127.0.0.1:1", account }), { code: "chain-unreachable" });
});

test("a client registers without any node, and is found by all when it meets one", async () => {
  const { address, ...chain } = await ownChain();
  const nowhere = { ...network, nodes: [] };
  const alone = await openTestClient({ network: nowhere, name: "alice", chain });
  assert.equal(await sentBy(address), 1);
  const { inbox, installation } = alone.client;
  // It can be revoked there as well, before anybody has heard of it.
  const other = await openTestClient({ network: nowhere, chain, privateKey: alone.privateKey });
  assert.equal(other.client.inbox, inbox);
  const revoked = await revokeInstallation({ ...alone, installation: other.client.installation });
  await until("on the chain", async () => (await sentBy(address)) === 3);
  await other[Symbol.asyncDispose]();
  revoked.settled.catch(() => undefined);
  await using alice = await reopened(alone, { name: "alice" });
  assert.equal(alice.client.installation, installation);
  await until(
    "settled by what a node says",
    async () => (await revoked.settled.catch(() => delivered)).kind === "delivered",
  );
  await until("listed as revoked", async () => {
    const { installations } = await listInstallations(alice);
    return installations.some(({ revokedBlock }) => revokedBlock !== undefined);
  });
});

test("a transaction that fails in its block is made anew", async () => {
  let isMisled = false;
  await using shim = await startRpcShim({
    rpcUrl: network.chain.rpcUrl,
    intercept: ({ method }) => {
      if (!isMisled || method !== "eth_estimateGas") return undefined;
      isMisled = false;
      return { result: "0xea60" };
    },
  });
  const { address, ...chain } = await ownChain(shim.rpcUrl);
  await using alice = await openTestClient({ network, name: "alice", chain });
  const before = await sentBy(address);
  isMisled = true;
  const { intent } = await createGroup({ ...alice, name: "twice", members: [] });
  assert.deepEqual(await intent.settled, delivered);
  assert.equal((await sentBy(address)) - before, 2);
});

test("an endpoint that hangs holds up neither messages nor the end of the client", async () => {
  let hangs = false;
  await using shim = await startRpcShim({
    rpcUrl: network.chain.rpcUrl,
    intercept: () => (hangs ? "hang" : undefined),
  });
  const { address: _, ...chain } = await ownChain(shim.rpcUrl);
  const alice = await openTestClient({ network, name: "alice", chain });
  const { group, intent } = await createGroup({ ...alice, name: "slow", members: [] });
  assert.deepEqual(await intent.settled, delivered);
  hangs = true;
  const renamed = await renameGroup({ ...alice, group, name: "slower" });
  renamed.settled.catch(() => undefined);
  const core = coreOf(alice.client);
  await until("handed over", () => core.groups.get(group)?.waitsFor === "submit");
  const began = Date.now();
  await alice[Symbol.asyncDispose]();
  assert.ok(Date.now() - began < 5_000, "shorter than a request may take");
});
