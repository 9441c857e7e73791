import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generateP256, p256PublicKey, randomBytes, signP256 } from "#crypto";
import { nodeIdOf } from "../../src/chain/layout/nodeIdOf.ts";
import { droppedBlocks, isDroppedWord, nodeWord } from "../../src/chain/layout/nodeWord.ts";
import { checkpointNode } from "../../src/chain/registry/checkpointNode.ts";
import { dropNode } from "../../src/chain/registry/dropNode.ts";
import { leaveNode } from "../../src/chain/registry/leaveNode.ts";
import { registerNode } from "../../src/chain/registry/registerNode.ts";
import { reportEquivocation } from "../../src/chain/registry/reportEquivocation.ts";
import { restartNode } from "../../src/chain/registry/restartNode.ts";
import { setNodeAddresses } from "../../src/chain/registry/setNodeAddresses.ts";
import { setNodeShards } from "../../src/chain/registry/setNodeShards.ts";
import { withdrawBond } from "../../src/chain/registry/withdrawBond.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { peerIdOf } from "../../src/mesh/peerId.ts";
import { type BatchHeader, encodeBatchHeader } from "../../src/wire/batchHeader.ts";
import { asAddress, asId, type Hex, type NodeId, toHex } from "../../src/wire/ids.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import type { WordsList } from "../../src/wire/words.ts";
import { registerTestInbox } from "../support/registerTestInbox.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { until } from "../support/until.ts";

const NONE: WordsList = { entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [], blocks: [] };
const OPERATOR = 3;

let chain: TestChain;
let node: TestNode;

before(async () => {
  chain = await startTestChain({ leaveDelaySeconds: 0, shards: 3 });
  node = await startTestNode({ chain, account: 1 });
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await chain[Symbol.asyncDispose]();
});

function operatorOf(account: number) {
  return openRelayer({ privateKey: chain.accounts[account]?.privateKey ?? "0x" });
}

async function landed(sent: { kind: string; transaction?: Hex }): Promise<number> {
  assert(sent.transaction !== undefined, sent.kind);
  const outcome = await waitForTransaction({ chain: chain.chain, transaction: sent.transaction });
  assert(outcome.kind === "mined");
  return outcome.block;
}

/** The words of the node's newest block. */
async function words(list: Partial<WordsList>) {
  const { head } = await node.api.readWords({ ...NONE, block: `0x${"00".repeat(32)}` });
  assert(head);
  const answer = await node.api.readWords({ ...NONE, ...list, block: head.hash });
  assert(answer.words);
  return answer.words;
}

async function newNode() {
  const operator = operatorOf(OPERATOR);
  const { privateKey } = generateP256();
  const peerKey = randomBytes(32);
  const { bytes: peerId } = await peerIdOf({ privateKey: peerKey });
  const id = nodeIdOf({ operator: operator.address, signingKey: p256PublicKey(privateKey) });
  const addresses = {
    peerId,
    peerProof: signPeerProof({ network: chain.network, node: id, privateKey: peerKey }),
    multiaddrs: ["/ip4/127.0.0.1/tcp/1", "/dns4/x/tcp/2"],
    httpAddress: "http://x",
  };
  const registered = await registerNode({
    chain: chain.chain,
    operator,
    signingPrivateKey: privateKey,
    addresses,
  });
  return { operator, privateKey, addresses, node: registered.node };
}

/** What the node's index lists of another gives the word that the contract holds. */
async function agrees(id: NodeId): Promise<boolean> {
  const { nodes } = await node.api.listNodes({});
  const record = nodes.find((one) => one.node === id);
  const { nodes: held, nodeCount } = await words({ nodes: [id] });
  return record !== undefined && nodeWord(record) === held[0] && nodeCount === nodes.length;
}

async function lists(id: NodeId): Promise<boolean> {
  return (await node.api.listNodes({})).nodes.some((one) => one.node === id);
}

async function agreesOnCount(): Promise<boolean> {
  return (await words({})).nodeCount === (await node.api.listNodes({})).nodes.length;
}

test("what a node lists of others gives their words, whatever happened to them", async () => {
  const { operator, addresses, node: id } = await newNode();
  const on = { chain: chain.chain, operator, node: id };
  await until("registered", () => agrees(id));
  const seen = new Set([(await words({ nodes: [id] })).nodes[0]]);
  const steps: (() => Promise<unknown>)[] = [
    async () => landed(await restartNode({ ...on, generation: 77 })),
    async () =>
      landed(await setNodeAddresses({ ...on, addresses: { ...addresses, httpAddress: "http://y" } })),
    async () => landed(await setNodeShards({ ...on, shards: 0b110n })),
    async () => landed(await leaveNode(on)),
    async () => landed(await withdrawBond({ chain: chain.chain, relayer: operator, node: id })),
  ];
  for (const [i, step] of steps.entries()) {
    await step();
    await until(`the index behind step ${i}`, () => agrees(id));
    seen.add((await words({ nodes: [id] })).nodes[0]);
  }
  assert.equal(seen.size, steps.length + 1);
  const { nodes: before } = await node.api.listNodes({});
  const record = before.find((one) => one.node === id);
  assert(record);
  await landed(await dropNode({ chain: chain.chain, relayer: operatorOf(OPERATOR + 1), node: id }));
  await until("dropped, and listed no more", async () => (await agreesOnCount()) && !(await lists(id)));
  const [word] = (await words({ nodes: [id] })).nodes;
  assert.equal(word, nodeWord({ ...record, isDropped: true }));
  assert(isDroppedWord(word) && !isDroppedWord(nodeWord(record)) && !isDroppedWord(`0x${"00".repeat(32)}`));
  assert.deepEqual(droppedBlocks(word), { leftBlock: record.leftBlock, disabled: false });
  const nobody = asId<NodeId>(randomBytes(32));
  assert.deepEqual((await words({ nodes: [nobody] })).nodes, [`0x${"00".repeat(32)}`]);
});

test("a node that equivocated has another word, which its list gives too", async () => {
  const { operator, privateKey, node: id } = await newNode();
  const header: BatchHeader = {
    ...{ chainId: chain.network.chainId, nodeRegistry: chain.network.nodeRegistry, node: id },
    ...{ generation: 1n, shard: 0, firstSequence: 0n, count: 1, anchorBlock: 1, timeMs: 1 },
    ...{
      anchorHash: chain.network.genesisHash,
      previous: toHex(new Uint8Array(32)),
      root: toHex(randomBytes(32)),
    },
  };
  const signed = (value: BatchHeader) => {
    const bytes = encodeBatchHeader(value);
    return { header: bytes, signature: signP256({ privateKey, message: bytes }) };
  };
  await until("registered", () => agrees(id));
  const [before] = (await words({ nodes: [id] })).nodes;
  const [a, b] = [signed(header), signed({ ...header, timeMs: 2 })];
  await landed(await reportEquivocation({ chain: chain.chain, relayer: operator, a, b }));
  await until("disabled", async () => {
    const { nodes } = await node.api.listNodes({});
    return nodes.some((one) => one.node === id && one.disabledBlock !== undefined);
  });
  assert(await agrees(id));
  assert.notEqual((await words({ nodes: [id] })).nodes[0], before);
});

test("a checkpoint is in its block under its log and sequence, and nowhere else", async () => {
  const { operator, node: id } = await newNode();
  const headerHash = toHex(randomBytes(32));
  const sent = await checkpointNode({
    chain: chain.chain,
    operator,
    node: id,
    shard: 2,
    sequence: 7n,
    headerHash,
  });
  const block = await landed(sent);
  const log = { node: id, generation: 1n, shard: 2 };
  const place = { log, sequence: 7n, block };
  await until("the node's chain behind it", async () => (await words({})).block.number > block);
  const { checkpoints } = await words({
    checkpoints: [
      place,
      { ...place, block: block - 1 },
      { ...place, block: 1e9 },
      { ...place, sequence: 6n },
      { ...place, log: { ...log, shard: 0 } },
      { ...place, log: { ...log, generation: 2n } },
      { ...place, log: { ...log, node: node.nodeId } },
    ],
  });
  assert.deepEqual(checkpoints, [headerHash, ...Array(6).fill(undefined)]);
});

test("a wallet's inbox and its history's word are those of the contract", async () => {
  const { inbox, wallet } = await registerTestInbox({ network: chain.network, api: node.api });
  const nobody = asAddress(randomBytes(20));
  const { wallets, inboxes } = await words({
    wallets: [asAddress(wallet.address), nobody],
    inboxes: [inbox],
  });
  assert.deepEqual(wallets, [inbox, undefined]);
  assert(inboxes[0]?.endsWith("0001"), "one step");
});
