import assert from "node:assert/strict";
import { test } from "node:test";
import { generateP256, randomBytes } from "#crypto";
import { nodeIdOf } from "../../src/chain/layout/nodeIdOf.ts";
import { nodeWord } from "../../src/chain/layout/nodeWord.ts";
import type { RegistryOutcome } from "../../src/chain/registry/callNodeRegistry.ts";
import { dropNode } from "../../src/chain/registry/dropNode.ts";
import { reportEquivocation } from "../../src/chain/registry/reportEquivocation.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { coreOf } from "../../src/client/client.ts";
import { readDirectory } from "../../src/client/directory/readDirectory.ts";
import type { Notice } from "../../src/client/group/events.ts";
import { activeNodes, isLeft, noteFailure } from "../../src/client/nodes/nodeLinks.ts";
import { askable } from "../../src/client/witness/witnesses.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { type Client, syncStatus } from "../../src/index.ts";
import type { NodeRecord } from "../../src/rpc/nodeApi.ts";
import { asAddress, asId, type NodeId, toHex } from "../../src/wire/ids.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { startColluder } from "../support/startColluder.ts";
import { type Lies, startLyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

const FINALITY_BLOCKS = 8;

/** A node's list with changes. */
function listing(change: (nodes: readonly NodeRecord[]) => NodeRecord[]): Lies {
  return (api) => ({
    listNodes: async (params, call) => {
      const answer = await api.listNodes(params, call);
      return { ...answer, nodes: change(answer.nodes) };
    },
  });
}

async function readAgain(client: Client) {
  const { witnesses, database, network, closing } = coreOf(client);
  return await readDirectory({ witnesses, database, network, signal: closing.signal });
}

function knownOf(client: Client) {
  return new Map([...coreOf(client).links.nodes].map(([node, known]) => [node, { ...known }]));
}

/** Some that nobody has registered; the id of the last is that of its operator and key. */
function invented(like: NodeRecord): NodeRecord[] {
  const signingKey = toHex(generateP256().publicKey);
  const operator = asAddress(randomBytes(20));
  const proven = nodeIdOf({ operator, signingKey: generateP256().publicKey });
  const key = generateP256().publicKey;
  return [
    { ...like, node: asId<NodeId>(randomBytes(32)), signingKey },
    { ...like, node: proven, operator, signingKey },
    { ...like, node: nodeIdOf({ operator, signingKey: key }), operator, signingKey: toHex(key) },
  ];
}

test("one node's list replaces nothing that is known of others, and invents nobody", async () => {
  await using network = await startTestNetwork({ nodes: 3 });
  const [first, ...others] = network.nodes;
  assert(first);
  await using liar = await startLyingNode({ node: first });
  await using alice = await openTestClient({
    network: { chain: network.chain, nodes: [liar] },
    finalityBlocks: FINALITY_BLOCKS,
    witnesses: [],
  });
  const { client } = alice;
  assert.equal(activeNodes(coreOf(client).links).length, 3);
  assert.equal((await syncStatus({ client })).witnesses, "operators");
  const events: Notice[] = [];
  coreOf(client).events.listen((event) => events.push(event));
  const before = knownOf(client);
  const ids = new Set(others.map(({ nodeId }) => nodeId));
  const changes: ((record: NodeRecord) => Partial<NodeRecord>)[] = [
    () => ({ signingKey: toHex(generateP256().publicKey) }),
    () => ({ operator: asAddress(randomBytes(20)) }),
    () => ({ httpAddress: "http://127.0.0.1:9" }),
    ({ registeredBlock }) => ({ disabledBlock: registeredBlock + 1 }),
    ({ registeredBlock }) => ({ leftBlock: registeredBlock + 1, withdrawableAt: 7 }),
  ];
  for (const change of changes) {
    liar.lie(listing((nodes) => nodes.map((one) => (ids.has(one.node) ? { ...one, ...change(one) } : one))));
    await readAgain(client);
    assert.deepEqual(knownOf(client), before);
  }
  liar.lie(listing((nodes) => nodes.flatMap((one) => [one, ...invented(one)])));
  const { head } = await first.api.listNodes({});
  await until("finality", async () => {
    const now = await first.api.listNodes({});
    return (now.head?.number ?? 0) > (head?.number ?? 0) + FINALITY_BLOCKS;
  });
  await readAgain(client);
  assert.deepEqual(knownOf(client), before);
  const lies = events.filter((event) => event.kind === "lied");
  assert(lies.length > 0 && lies.every(({ node, isDecided }) => node === first.nodeId && isDecided));
  assert(isLeft(coreOf(client).links, first.nodeId, Date.now()));
});

test("a list that hides nodes is noticed by their number, and they are found elsewhere", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  const [first, second] = network.nodes;
  assert(first && second);
  await using liar = await startLyingNode({ node: first });
  await using alice = await openTestClient({
    network: { chain: network.chain, nodes: [liar] },
    witnesses: [],
  });
  liar.lie(listing((nodes) => nodes.slice(0, 2)));
  await using third = await startTestNode({ chain: network.chain, account: 3 });
  await until("the third node listed", async () => (await second.api.listNodes({})).nodes.length === 3);
  assert.equal(await readAgain(alice.client), "taken");
  assert(knownOf(alice.client).has(third.nodeId));
});

test("a node whose record was dropped hides no other one", async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  const { chain, nodes } = network;
  const [first, second] = nodes;
  assert(first && second);
  await using liar = await startLyingNode({ node: first });
  const burned = await startColluder({ network, account: 3 });
  await burned[Symbol.asyncDispose]();
  const wallet = { network: { chain, nodes: [liar] }, witnesses: [] };
  await using alice = await openTestClient(wallet);
  assert(knownOf(alice.client).has(burned.node));
  const relayer = openRelayer({ privateKey: chain.accounts[4]?.privateKey ?? "0x" });
  const [a, b] = [burned.sign({ firstSequence: 0n }), burned.sign({ firstSequence: 0n, timeMs: 1 })];
  const landed = async (outcome: RegistryOutcome) => {
    assert(outcome.kind === "submitted", outcome.kind);
    await waitForTransaction({ chain: chain.chain, transaction: outcome.transaction });
  };
  await landed(await reportEquivocation({ chain: chain.chain, relayer, a, b }));
  await landed(await dropNode({ chain: chain.chain, relayer, node: burned.node }));
  await using third = await startTestNode({ chain, account: 5 });
  const known = new Set([first.nodeId, second.nodeId]);
  liar.lie(listing((all) => all.filter(({ node }) => known.has(node))));
  await until("the third node listed", async () =>
    (await second.api.listNodes({})).nodes.some(({ node }) => node === third.nodeId),
  );
  assert.equal(await readAgain(alice.client), "taken");
  assert(knownOf(alice.client).has(third.nodeId));
  const gone = knownOf(alice.client).get(burned.node);
  assert(gone?.disabled === true && gone.isDropped === true);
});

test("what is new is not taken from one node while no other answers, unless that is to be read by", async () => {
  const network = await startTestNetwork({ nodes: 2 });
  await using stack = new AsyncDisposableStack();
  stack.use(network.chain);
  const [first, second] = network.nodes;
  assert(first && second);
  stack.use(first);
  const liar = stack.use(await startLyingNode({ node: first }));
  const alice = stack.use(
    await openTestClient({ network: { chain: network.chain, nodes: [liar] }, witnesses: [] }),
  );
  const { client } = alice;
  const before = knownOf(client);
  await second[Symbol.asyncDispose]();
  const lieAbout = (change: Partial<NodeRecord>) => {
    const lied = (nodes: readonly NodeRecord[]) =>
      nodes.map((one) => (one.node === second.nodeId ? { ...one, ...change } : one));
    liar.lie((api) => ({
      ...listing(lied)(api),
      readWords: async (question, call) => {
        const answer = await api.readWords(question, call);
        const { nodes } = await api.listNodes({});
        const words = new Map(lied(nodes).map((one) => [one.node, nodeWord(one)]));
        const said = question.nodes.map((node, at) => words.get(node) ?? answer.words?.nodes[at] ?? "0x");
        return answer.words ? { ...answer, words: { ...answer.words, nodes: said } } : answer;
      },
    }));
  };
  lieAbout({ leftBlock: 1 });
  assert.equal(await readAgain(client), "open");
  assert.deepEqual(knownOf(client), before);
  const httpAddress = "http://127.0.0.1:9";
  lieAbout({ httpAddress });
  noteFailure(coreOf(client).links, second.nodeId, Date.now());
  assert.equal(await readAgain(client), "open");
  const moved = { ...before.get(second.nodeId), httpAddress, isUnconfirmed: true };
  assert.deepEqual(knownOf(client).get(second.nodeId), moved);
  const { witnesses } = coreOf(client);
  const asked = askable(witnesses, [...witnesses.links.nodes.values()]);
  assert(asked.every(({ node }) => node !== second.nodeId));
});

test("an app that names one node of one operator is told that nobody is asked", async () => {
  await using network = await startTestNetwork({ nodes: 1 });
  await using alone = await openTestClient({ network, witnesses: [] });
  assert.equal((await syncStatus({ client: alone.client })).witnesses, "unwitnessed");
  await using chosen = await openTestClient({ network, witnesses: "one-operator" });
  assert.equal((await syncStatus({ client: chosen.client })).witnesses, "one-operator");
});

test("an endpoint of another chain is refused, one of this chain answers", async () => {
  await using network = await startTestNetwork({ nodes: 1 });
  // Two that begin in the same second have one genesis; this one has no contracts.
  await using other = await startLocalChain({ kind: "anvil", blockMs: 50, onLog: console.error });
  await assert.rejects(openTestClient({ network, witnesses: [{ rpcUrl: other.rpcUrl }] }), {
    code: "wrong-chain",
  });
  await using alice = await openTestClient({ network, witnesses: [{ rpcUrl: network.chain.rpcUrl }] });
  const { witnesses, endpoints } = await syncStatus({ client: alice.client });
  assert.equal(witnesses, "endpoints");
  assert.deepEqual(endpoints, [{ rpcUrl: network.chain.rpcUrl, state: "answers" }]);
  await using away = await openTestClient({ network, witnesses: [{ rpcUrl: "http://127.0.0.1:9" }] });
  assert.deepEqual((await syncStatus({ client: away.client })).endpoints[0]?.state, "unreachable");
});
