import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { rankOwnNodes } from "../../src/client/asking/rankGroupNodes.ts";
import { coreOf } from "../../src/client/client.ts";
import { tables } from "../../src/client/database/tables.ts";
import type { Notice } from "../../src/client/group/events.ts";
import { isUp } from "../../src/client/nodes/nodeLinks.ts";
import { addMembers, createGroup, groupStatus, preferNode, sendMessage, setOnline } from "../../src/index.ts";
import type { SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { type Envelope, envelopeHash } from "../../src/wire/envelope.ts";
import {
  asAddress,
  type EnvelopeHash,
  fromHex,
  type GroupId,
  type NodeId,
  toHex,
} from "../../src/wire/ids.ts";
import { receiptOf } from "../../src/wire/receipt.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { EMPTY_SUM, type LogDigest, withElement } from "../../src/wire/topicDigest.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import { startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import type { TestNode } from "../support/startTestNode.ts";
import { startWithholder } from "../support/startWithholder.ts";
import { testOriginator } from "../support/testOriginator.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

/** Within these a topic is compared more than once, whatever happens. */
const PERIODS_MS = 150_000;

let network: TestNetwork;
let alice: TestClient;

before(async () => {
  network = await startTestNetwork({ nodes: 3 });
  alice = await openTestClient({ network, name: "alice" });
});

after(async () => {
  await alice[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

test("a node that leaves messages out for one client is noticed, named and left, and another gives them", async () => {
  await using evil = await startWithholder({ node: nodeAt(0) });
  await using bob = await openBehind([evil, nodeAt(1), nodeAt(2)]);
  const told = eventsOf(bob);
  const group = await groupOf(bob);
  await beServedBy(bob, group, evil.nodeId);
  await say(alice, group, "before");
  await until("bob reads", async () => (await texts(bob, group)).includes("before"));
  evil.hide(() => true);
  await say(alice, group, "sell now");
  await until(
    "bob reads it elsewhere",
    async () => (await texts(bob, group)).includes("sell now"),
    PERIODS_MS,
  );
  const withheld = { kind: "withheld", what: "messages", group, node: evil.nodeId };
  assert.deepEqual(told("withheld"), [withheld]);
  await until("bob is served by another", async () => (await servedBy(bob, group)) !== evil.nodeId);
  await say(alice, group, "after");
  await until("bob reads on", async () => (await texts(bob, group)).includes("after"));
  assert.deepEqual(await texts(bob, group), ["before", "sell now", "after"]);
});

test("a node that leaves out one member's messages only is noticed as well", async () => {
  const hidden = new Set<EnvelopeHash>();
  await using evil = await startWithholder({ node: nodeAt(0) });
  await using desk = await startLyingNode({
    node: nodeAt(1),
    lies: (api) => ({
      publish: (request, call) => {
        for (const envelope of request.envelopes) hidden.add(envelopeHash(envelope));
        return api.publish(request, call);
      },
    }),
  });
  await using bob = await openBehind([evil, nodeAt(1), nodeAt(2)]);
  await using carol = await openBehind([desk]);
  const told = eventsOf(bob);
  const group = await groupOf(bob, carol);
  await preferNode({ client: carol.client, group, node: desk.nodeId });
  await until("carol is served", async () => (await servedBy(carol, group)) === desk.nodeId);
  evil.hide(({ envelope }) => hidden.has(envelopeHash(envelope)));
  await beServedBy(bob, group, evil.nodeId);
  await say(carol, group, "from carol");
  await say(alice, group, "from alice");
  await until("bob reads alice", async () => (await texts(bob, group)).includes("from alice"));
  await reconnect(bob);
  await until("bob reads carol", async () => (await texts(bob, group)).includes("from carol"), PERIODS_MS);
  await until("bob is told", async () => told("withheld").length > 0);
  assert.deepEqual(
    told("withheld").map((event) => "node" in event && event.node),
    [evil.nodeId],
  );
});

test("what one node has left out nobody else is blamed for who was told that it is there", async () => {
  await using evil = await startWithholder({ node: nodeAt(0) });
  await using bob = await openBehind([evil, nodeAt(1), nodeAt(2)]);
  const told = eventsOf(bob);
  const group = await groupOf(bob);
  await beServedBy(bob, group, evil.nodeId);
  const hidden = new Set<EnvelopeHash>();
  const held = async () => (await nodeAt(0).api.query({ topics: [{ topic: groupTopic(group) }] })).envelopes;
  const before = new Set((await held()).map(({ envelope }) => envelopeHash(envelope)));
  evil.hide(({ envelope }) => !before.has(envelopeHash(envelope)));
  await say(alice, group, "sell now");
  await until("the node has it", async () => (await held()).length > before.size);
  for (const { envelope } of await held()) hidden.add(envelopeHash(envelope));
  evil.hide(({ envelope }) => hidden.has(envelopeHash(envelope)));
  await say(alice, group, "as if nothing was");
  await until("bob reads", async () => (await texts(bob, group)).includes("as if nothing was"));
  // It is asked for what lies behind what the liar says to have shown; then, by its cursor, for what it has taken since.
  const { database } = coreOf(bob.client);
  const { cursors = {} } = (await tables.topicPosition.get(database, { topic: groupTopic(group) })) ?? {};
  const others = await Promise.all([1, 2].map(async (at) => await nodeAt(at).api.getNode({})));
  const other = others.find((one) => !(one.database in cursors));
  assert.ok(other);
  await beServedBy(bob, group, other.node);
  await say(alice, group, "after");
  await until("bob reads on", async () => (await texts(bob, group)).includes("after"));
  await reconnect(bob);
  await until("bob reads it all", async () => (await texts(bob, group)).includes("sell now"), PERIODS_MS);
  const named = told("withheld").flatMap((event) => ("node" in event ? [event.node] : []));
  assert.ok(named.every((node) => node === evil.nodeId));
});

test("a node that keeps back a Welcome is noticed, and the invited client joins", async () => {
  const evil = await Promise.all([0, 1, 2].map((at) => startWithholder({ node: nodeAt(at) })));
  await using stack = new AsyncDisposableStack();
  for (const one of evil) stack.use(one);
  await using bob = await openBehind(evil);
  const told = eventsOf(bob);
  const [first] = rankOwnNodes(coreOf(bob.client));
  const liar = evil.find(({ nodeId }) => nodeId === first?.node);
  assert.ok(liar);
  liar.hide(({ envelope }) => envelope.topic[0] === 3);
  const { group, intent } = await createGroup({
    ...{ client: alice.client, name: "test", members: [bob.client.inbox] },
  });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  await reconnect(bob);
  await until("bob joins", () => isMember(bob, group), PERIODS_MS);
  assert.deepEqual(told("withheld"), [{ kind: "withheld", what: "welcomes", node: liar.nodeId }]);
});

test("a node that keeps back key packages, or shows an old one, keeps nobody out", async () => {
  await using liar = await startLyingNode({
    node: nodeAt(0),
    lies: () => ({ getKeyPackages: async ({ installations }) => installations.map(() => undefined) }),
  });
  await using dave = await openBehind([liar, nodeAt(1), nodeAt(2)]);
  await using bob = await openTestClient({ network, name: "bob" });
  const { group, intent } = await createGroup({
    ...{ client: dave.client, name: "test", members: [bob.client.inbox] },
  });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  await until("bob in the group", () => isMember(bob, group));
});

test("a second node that lies about its digest is left, and the honest one goes on serving", async () => {
  const asked: NodeId[] = [];
  const liesOf = (node: TestNode) =>
    startLyingNode({
      node,
      lies: (api) => ({
        getTopicDigests: async (request, call) => {
          asked.push(node.nodeId);
          const answers = await api.getTopicDigests(request, call);
          return answers.map((logs) =>
            logs.map((log) => ({ ...log, sum: { ...log.sum, sum: log.sum.sum + 1n } })),
          );
        },
      }),
    });
  await using second = await liesOf(nodeAt(1));
  await using third = await liesOf(nodeAt(2));
  await using bob = await openBehind([nodeAt(0), second, third]);
  const told = eventsOf(bob);
  const group = await groupOf(bob);
  await beServedBy(bob, group, nodeAt(0).nodeId);
  await say(alice, group, "hello");
  const { links } = coreOf(bob.client);
  const isLeft = () => asked.some((node) => !isUp(links, node, Date.now()));
  await reconnect(bob);
  await until("the liar is left", isLeft, PERIODS_MS);
  await until("the honest one serves", async () => (await servedBy(bob, group)) === nodeAt(0).nodeId);
  assert.deepEqual(told("withheld"), []);
});

/** What a colluding node has signed into its log, and how the honest node that serves bob stands to that log. */
async function withSigned(params: {
  /** Of what a node made up, or of what alice has sealed. */
  envelope: (sealed: Envelope) => Envelope;
  floor: bigint;
  ageMs?: number;
  conflicted?: boolean;
}) {
  const { floor, ageMs = 0, conflicted = false } = params;
  const { log, signingPublicKey, next } = testOriginator(`mallory ${Math.random()}`);
  const { chainId, nodeRegistry } = network.chain.network;
  let shown: { envelope: Envelope; digest: LogDigest } | undefined;
  const stack = new AsyncDisposableStack();
  // It holds that log up to 5 as the others do, but serves nothing of it.
  const serving = stack.use(
    await startWithholder({
      node: nodeAt(0),
      lies: (api) => ({
        subscribe: async function* (request, call): AsyncGenerator<SubscriptionEvent> {
          for await (const event of api.subscribe(request, call)) {
            const range = { log, floor, next: 5n, headerHash: undefined };
            if (event.kind !== "idle") yield event;
            else
              yield {
                ...event,
                watermark: { ...event.watermark, vector: [...event.watermark.vector, range] },
              };
          }
        },
      }),
    }),
  );
  const colluders = await Promise.all(
    [1, 2].map((at) =>
      startLyingNode({
        node: nodeAt(at),
        lies: (api) => ({
          getTopicDigests: async (request, call) => {
            const [logs = []] = await api.getTopicDigests(request, call);
            const isAsked =
              toHex(request.topics[0]?.topic ?? new Uint8Array()) ===
              toHex(shown?.envelope.topic ?? new Uint8Array(1));
            return [shown && isAsked ? [...logs, shown.digest] : logs];
          },
          query: async (request, call) => {
            const page = await api.query(request, call);
            const { topic } = request.topics[0] ?? {};
            if (!shown || !topic || toHex(topic) !== toHex(shown.envelope.topic)) return page;
            const { envelope } = shown;
            return {
              ...page,
              envelopes: [...page.envelopes, { envelope, receipts: [receipt()], offset: 1n }],
            };
          },
        }),
      }),
    ),
  );
  for (const one of colluders) stack.use(one);
  const bob = stack.use(await openBehind([serving, ...colluders]));
  const receipt = () => {
    assert.ok(batch);
    return receiptOf({ batch, index: 0 });
  };
  let batch: ReturnType<typeof next> | undefined;
  coreOf(bob.client).links.nodes.set(log.node, {
    ...{ node: log.node, operator: asAddress(new Uint8Array(20)), signingKey: toHex(signingPublicKey) },
    ...{ httpAddress: "", registeredBlock: 1, leftBlock: 1, disabled: false, shards: "1" },
  });
  const told = eventsOf(bob);
  const group = await groupOf(bob);
  await beServedBy(bob, group, serving.nodeId);
  await say(alice, group, "sealed");
  await until("bob reads", async () => (await texts(bob, group)).includes("sealed"));
  const page = await nodeAt(0).api.query({ topics: [{ topic: groupTopic(group) }] });
  const sealed = page.envelopes.at(-1)?.envelope;
  assert.ok(sealed);
  const envelope = params.envelope(sealed);
  const timeMs = Date.now() - ageMs;
  batch = next([envelope], { chainId, nodeRegistry, anchorBlock: 1, timeMs });
  const element = { topic: envelope.topic, log, sequence: 0n, hash: fromHex(envelopeHash(envelope)) };
  const sum = withElement(EMPTY_SUM, element);
  shown = { envelope, digest: { log, floor: 0n, next: 1n, sum, conflicted } };
  const { database } = coreOf(bob.client);
  const isTaken = async () =>
    (await database.level.keys({ gte: Uint8Array.of(0x78), lt: Uint8Array.of(0x79) }).all()).some((key) =>
      toHex(key).includes(log.node.slice(2)),
    );
  await reconnect(bob);
  await until("bob has looked at what the second node shows", isTaken, PERIODS_MS);
  return { told, bob, group, serving, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("an envelope with a node's receipt that the serving node claims to hold, and left out, is proof", async () => {
  await using opened = await withSigned({ envelope: (sealed) => sealed, floor: 0n });
  const { told, bob, group, serving } = opened;
  await until("bob has left", async () => (await servedBy(bob, group)) !== serving.nodeId);
  assert.deepEqual(told("withheld"), [{ kind: "withheld", what: "messages", group, node: serving.nodeId }]);
});

test("a second node that invents envelopes drives nobody from an honest node", async () => {
  const invented = (sealed: Envelope) => ({ ...sealed, payload: sealed.payload.with(-1, 7) });
  await using opened = await withSigned({ envelope: invented, floor: 0n });
  const { told, bob, group, serving } = opened;
  assert.deepEqual(told("withheld"), []);
  assert.equal(await servedBy(bob, group), serving.nodeId);
});

test("what a node has pruned, or holds on another branch, it does not keep back", async () => {
  const old = { floor: 5n, ageMs: 2 * 24 * 3600 * 1000 };
  const forked = { floor: 0n, conflicted: true };
  for (const honest of [old, forked]) {
    await using opened = await withSigned({ envelope: (sealed) => sealed, ...honest });
    const { told, bob, group, serving } = opened;
    assert.deepEqual(told("withheld"), []);
    assert.equal(await servedBy(bob, group), serving.nodeId);
  }
});

test("a node that says to have pruned what was said a moment ago keeps it back", async () => {
  await using opened = await withSigned({ envelope: (sealed) => sealed, floor: 5n });
  const { told, bob, group, serving } = opened;
  await until("bob has left", async () => (await servedBy(bob, group)) !== serving.nodeId);
  assert.equal(told("withheld").length, 1);
});

test("with two mirrors what one node keeps back is there at once, and a dead one holds nothing up", async () => {
  const evil = await startWithholder({ node: nodeAt(0) });
  await using stack = new AsyncDisposableStack();
  stack.use(evil);
  await using bob = await openBehind([evil, nodeAt(1), nodeAt(2)], 2);
  const group = await groupOf(bob);
  await beServedBy(bob, group, evil.nodeId);
  evil.hide(() => true);
  const startedMs = Date.now();
  await say(alice, group, "hidden");
  await until("bob reads it", async () => (await texts(bob, group)).includes("hidden"));
  assert.ok(Date.now() - startedMs < 5_000, "before anything was compared");
  await evil[Symbol.asyncDispose]();
  const said = await sendMessage({ client: bob.client, group, text: "from bob" });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  await until("alice reads it", async () => (await texts(alice, group)).includes("from bob"));
  await say(alice, group, "again");
  await until("bob reads on", async () => (await texts(bob, group)).includes("again"));
});

function nodeAt(at: number): TestNode {
  const node = network.nodes[at];
  assert.ok(node);
  return node;
}

/** A client that takes these for the nodes. */
function openBehind(nodes: readonly { readonly url: string }[], mirrors?: number): Promise<TestClient> {
  const behind = { chain: network.chain, nodes };
  return openTestClient({ network: behind, name: "bob", ...(mirrors === undefined ? {} : { mirrors }) });
}

/** Alice's group, once these are in. */
async function groupOf(...members: readonly TestClient[]): Promise<GroupId> {
  const { group, intent } = await createGroup({ client: alice.client, name: "test", members: [] });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  const added = await addMembers({
    ...{ client: alice.client, group, members: members.map(({ client }) => client.inbox) },
  });
  assert.deepEqual(await added.settled, { kind: "delivered" });
  for (const member of members) await until("a member in the group", () => isMember(member, group));
  return group;
}

/** Then what is served is compared. */
async function reconnect({ client }: TestClient): Promise<void> {
  await setOnline({ client, online: false });
  await setOnline({ client, online: true });
}

async function beServedBy(client: TestClient, group: GroupId, node: NodeId): Promise<void> {
  await preferNode({ client: client.client, group, node });
  await until("the node serves", async () => (await servedBy(client, group)) === node);
}

async function servedBy({ client }: TestClient, group: GroupId): Promise<NodeId | undefined> {
  return (await groupStatus({ client, group })).node;
}

/** Those of a kind that were told since. */
function eventsOf({ client }: TestClient): (kind: Notice["kind"]) => Notice[] {
  const events: Notice[] = [];
  coreOf(client).events.listen((event) => events.push(event));
  return (kind) => events.filter((event) => event.kind === kind);
}
