import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { generateP256, randomBytes, signP256 } from "#crypto";
import { nodeIdOf } from "../../src/chain/layout/nodeIdOf.ts";
import { readNode } from "../../src/chain/read/readNode.ts";
import { checkpointNode } from "../../src/chain/registry/checkpointNode.ts";
import { leaveNode } from "../../src/chain/registry/leaveNode.ts";
import { registerNode } from "../../src/chain/registry/registerNode.ts";
import { reportEquivocation } from "../../src/chain/registry/reportEquivocation.ts";
import { restartNode } from "../../src/chain/registry/restartNode.ts";
import { setNodeAddresses } from "../../src/chain/registry/setNodeAddresses.ts";
import { withdrawBond } from "../../src/chain/registry/withdrawBond.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { type BatchHeader, encodeBatchHeader } from "../../src/wire/batchHeader.ts";
import { type NodeId, toHex } from "../../src/wire/ids.ts";
import { peerIdOfKey } from "../../src/wire/peerProof.ts";
import { readRecords } from "../support/readRecords.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";

let local: TestChain;
let operator: Relayer;

before(async () => {
  local = await startTestChain({ leaveDelaySeconds: 0 });
  operator = relayerOf(7);
});
after(() => local[Symbol.asyncDispose]());

function relayerOf(index: number): Relayer {
  const account = local.accounts[index];
  assert(account);
  return openRelayer({ privateKey: account.privateKey });
}

const addresses = {
  peerId: peerIdOfKey(randomBytes(32)),
  peerProof: randomBytes(64),
  multiaddrs: ["/ip4/127.0.0.1/tcp/4001", "/dns4/node.example/tcp/443"],
  httpAddress: "http://127.0.0.1:4002",
};

type Outcome = Awaited<ReturnType<typeof restartNode>>;

async function landed(outcome: Outcome): Promise<void> {
  assert.equal(outcome.kind, "submitted", JSON.stringify(outcome));
  if (outcome.kind !== "submitted") return;
  const { kind } = await waitForTransaction({ chain: local.chain, transaction: outcome.transaction });
  assert.equal(kind, "mined");
}

async function newNode() {
  const keys = generateP256();
  const params = { chain: local.chain, operator, signingPrivateKey: keys.privateKey, addresses };
  const outcome = await registerNode(params);
  await landed(outcome);
  assert.deepEqual(await registerNode(params), { kind: "exists", node: outcome.node });
  return { node: outcome.node, ...keys };
}

async function kindsOf(node: NodeId): Promise<string[]> {
  const records = await readRecords({ chain: local.chain });
  return records.filter((record) => "node" in record && record.node === node).map(({ kind }) => kind);
}

const codeOf = (outcome: Outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind);

test("a node registers, moves, restarts, anchors its log, leaves and takes its bond back", async () => {
  const { chain } = local;
  const { node, publicKey } = await newNode();
  assert.equal(node, nodeIdOf({ operator: operator.address, signingKey: publicKey }));
  const registered = await readNode({ chain, node });
  assert.deepEqual(registered, {
    operator: operator.address,
    signingKey: new Uint8Array(publicKey),
    generation: 1n,
    active: true,
    shards: 1n,
    ...addresses,
  });

  const moved = {
    ...addresses,
    multiaddrs: ["/ip4/127.0.0.1/tcp/5001"],
    httpAddress: "https://node.example",
  };
  await landed(await setNodeAddresses({ chain, operator, node, addresses: moved }));
  await landed(await restartNode({ chain, operator, node, generation: 2 }));
  assert.deepEqual(await restartNode({ chain, operator, node, generation: 2 }), { kind: "exists" });
  assert.deepEqual(await readNode({ chain, node }), { ...registered, ...moved, generation: 2n });
  const headerHash = toHex(randomBytes(32));
  await landed(await checkpointNode({ chain, operator, node, shard: 0, sequence: 9n, headerHash }));
  await landed(await leaveNode({ chain, operator, node }));
  assert.equal((await readNode({ chain, node }))?.active, false);
  await landed(await withdrawBond({ chain, relayer: operator, node }));
  assert.deepEqual(await kindsOf(node), [
    "node-registered",
    "node-addresses",
    "node-restarted",
    "checkpoint",
    "node-leaving",
    "node-left",
  ]);
  const records = await readRecords({ chain });
  const [first] = records.filter((record) => record.kind === "node-registered" && record.node === node);
  assert(first?.kind === "node-registered");
  assert.deepEqual(first.signingKey, new Uint8Array(publicKey));
  assert.deepEqual([first.peerId, first.peerProof], [addresses.peerId, addresses.peerProof]);
  assert.equal(first.shards, 1n);
  assert.deepEqual(first.multiaddrs, addresses.multiaddrs);
  const [checkpoint] = records.filter((record) => record.kind === "checkpoint");
  assert(checkpoint?.kind === "checkpoint");
  const { shard, generation, sequence } = checkpoint;
  assert.deepEqual([shard, generation, sequence, checkpoint.headerHash], [0, 2n, 9n, headerHash]);
});

test("nobody but its operator acts for a node, and a node that has left stays away", async () => {
  const { chain } = local;
  const { node } = await newNode();
  const stranger = relayerOf(8);
  assert.equal(codeOf(await restartNode({ chain, operator: stranger, node, generation: 2 })), "not-allowed");
  assert.equal(codeOf(await leaveNode({ chain, operator: stranger, node })), "not-allowed");
  assert.equal(codeOf(await withdrawBond({ chain, relayer: operator, node })), "not-allowed");
  const unknown = nodeIdOf({ operator: operator.address, signingKey: generateP256().publicKey });
  assert.equal(
    codeOf(await restartNode({ chain, operator, node: unknown, generation: 2 })),
    "unknown-record",
  );
  assert.equal(await readNode({ chain, node: unknown }), undefined);
  const nowhere = { ...addresses, multiaddrs: Array(100).fill("/ip4/127.0.0.1/tcp/1") };
  assert.equal(codeOf(await setNodeAddresses({ chain, operator, node, addresses: nowhere })), "malformed");
  await landed(await leaveNode({ chain, operator, node }));
  assert.equal(codeOf(await restartNode({ chain, operator, node, generation: 2 })), "not-allowed");
});

test("two headers that contradict each other disable their node, once", async () => {
  const { chain, network } = local;
  const { node, privateKey } = await newNode();
  const header: BatchHeader = {
    chainId: network.chainId,
    nodeRegistry: network.nodeRegistry,
    node,
    generation: 1n,
    shard: 0,
    firstSequence: 0n,
    count: 4,
    anchorBlock: 1,
    anchorHash: network.genesisHash,
    timeMs: 1_700_000_000_000,
    previous: toHex(new Uint8Array(32)),
    root: toHex(randomBytes(32)),
  };
  const signed = (value: BatchHeader) => {
    const bytes = encodeBatchHeader(value);
    return { header: bytes, signature: signP256({ privateKey, message: bytes }) };
  };
  const reporter = relayerOf(9);
  const [a, b] = [signed(header), signed({ ...header, firstSequence: 3n })];
  const apart = signed({ ...header, firstSequence: 4n });
  const report = (rival: typeof b) => reportEquivocation({ chain, relayer: reporter, a, b: rival });
  assert.equal(codeOf(await report(apart)), "malformed");
  assert.equal(codeOf(await report(a)), "malformed");
  await landed(await report(b));
  assert.deepEqual(await report(b), { kind: "exists" });
  assert.equal((await readNode({ chain, node }))?.active, false);
  const disabled = (await readRecords({ chain })).find((record) => record.kind === "node-disabled");
  assert(disabled?.kind === "node-disabled");
  assert.equal(disabled.node, node);
  assert.equal(disabled.reporter, reporter.address);
  assert.deepEqual([disabled.headerA, disabled.signatureA], [a.header, new Uint8Array(a.signature)]);
});
