import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { createGroup, preferNode, sendMessage } from "../../src/index.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { type Hang, type HangingConnect, hangingConnect } from "../support/hangingConnect.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import type { TestNode } from "../support/startTestNode.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

/** Nobody waits for longer on an idle machine; this one may be busy. */
const READ_MS = 20_000;
const BACK_MS = 40_000;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 3 });
});

after(() => network[Symbol.asyncDispose]());

test("whatever a node does not answer, what is said by way of it is read elsewhere, and it is returned to", async () => {
  await Promise.all((["all", "calls", "streams", "slow"] as const).map((how) => leaveAndReturn(how)));
});

async function leaveAndReturn(how: Hang): Promise<void> {
  await using pair = await openPair();
  const { group, both, wires } = pair;
  const first = nodeAt(0);
  for (const one of both) await preferNode({ ...one, group, node: first.nodeId });
  await until(`${how}: all at the first`, () => both.every((one) => servedBy(one, group) === first.nodeId));
  for (const wire of wires) wire.hang(first.url, how);
  await tell(both, group, `${how} hangs`);
  // Who only reads, by a stream that goes on, has no reason to leave.
  const leaving = how === "all" || how === "streams" ? both : both.slice(0, 1);
  const isElsewhere = () => leaving.every((one) => ![first.nodeId, undefined].includes(servedBy(one, group)));
  await until(`${how}: all at another`, isElsewhere, READ_MS);
  for (const wire of wires) wire.goOn(first.url);
  const isBack = () => both.every((one) => servedBy(one, group) === first.nodeId);
  await until(`${how}: all back`, isBack, BACK_MS);
  await tell(both, group, `${how} goes on`);
}

test("what a node took before it hung is delivered by another, once", async () => {
  await using pair = await openPair();
  const { group, both, wires } = pair;
  const first = nodeAt(0);
  for (const one of both) await preferNode({ ...one, group, node: first.nodeId });
  wires[0].hang(first.url, "after-publish");
  const { settled } = await sendMessage({ ...both[0], group, text: "once" });
  assert.deepEqual(await settled, { kind: "delivered" });
  await until("it is read", async () => (await texts(both[1], group)).includes("once"));
  wires[0].goOn(first.url);
  await tell(both, group, "and on");
  for (const one of both) assert.equal((await texts(one, group)).filter((text) => text === "once").length, 1);
});

test("with a node that hangs from the start one registers, invites, joins and answers; with all until one is back", async () => {
  const [first, second, third] = [nodeAt(0), nodeAt(1), nodeAt(2)];
  const wires = [hangingConnect(), hangingConnect()] as const;
  wires[0].hang(first.url, "all");
  wires[1].hang(second.url, "all");
  await using pair = await openPair(wires);
  const { group, both } = pair;
  await tell(both, group, "all in");
  for (const wire of wires) for (const { url } of [first, second, third]) wire.hang(url, "all");
  const { settled } = await sendMessage({ ...both[0], group, text: "somebody there?" });
  await until("all nodes known to hang", () => both.every(noneAnswers));
  for (const wire of wires) for (const { url } of [second, third]) wire.goOn(url);
  const isRead = async () => (await texts(both[1], group)).includes("somebody there?");
  await until("it is read once somebody is back", isRead, READ_MS);
  assert.deepEqual(await settled, { kind: "delivered" });
});

test("where all nodes are slow everything takes longer, and is done", async () => {
  await using pair = await openPair();
  const { group, both, wires } = pair;
  for (const wire of wires) for (const { url } of network.nodes) wire.hang(url, "slow");
  await tell(both, group, "slowly", 2 * BACK_MS);
});

test("an address at which somebody takes connections and says nothing holds up no newcomer", async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const silent = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  const nodes = [silent, ...network.nodes.map(({ url }) => ({ url }))];
  const startedMs = performance.now();
  await using newcomer = await openTestClient({ network: { chain: network.chain, nodes } });
  assert.ok(newcomer.client.inbox);
  assert.ok(performance.now() - startedMs < 15_000, "it was not waited for");
  for (const socket of sockets) socket.destroy();
  server.close();
});

type Pair = AsyncDisposable & {
  readonly group: GroupId;
  readonly both: readonly [TestClient, TestClient];
  readonly wires: readonly [HangingConnect, HangingConnect];
};

async function openPair(wires = [hangingConnect(), hangingConnect()] as const): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const open = ({ connect }: HangingConnect) => openTestClient({ network, connect });
  const [alice, bob] = await Promise.all([open(wires[0]), open(wires[1])]);
  for (const one of [alice, bob]) stack.use(one);
  const members = [bob.client.inbox];
  const { group } = await createGroup({ client: alice.client, name: "test", members });
  await until("a member in the group", () => isMember(bob, group));
  const owned = stack.move();
  return { group, both: [alice, bob], wires, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function tell(both: Pair["both"], group: GroupId, text: string, ms = READ_MS): Promise<void> {
  await sendMessage({ ...both[0], group, text });
  await until(`read: ${text}`, async () => (await texts(both[1], group)).includes(text), ms);
}

function servedBy({ client }: TestClient, group: GroupId) {
  return coreOf(client).groups.get(group)?.topicReadBy;
}

function noneAnswers({ client }: TestClient): boolean {
  const { health, nodes } = coreOf(client).links;
  return [...nodes.keys()].every((node) => health.get(node) && !health.get(node)?.hasAnswered);
}

function nodeAt(at: number): TestNode {
  const node = network.nodes[at];
  assert.ok(node);
  return node;
}
