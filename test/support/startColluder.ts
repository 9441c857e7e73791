import { generateP256, p256PublicKey, randomBytes, signP256 } from "#crypto";
import { nodeIdOf } from "../../src/chain/layout/nodeIdOf.ts";
import { checkpointNode } from "../../src/chain/registry/checkpointNode.ts";
import { registerNode } from "../../src/chain/registry/registerNode.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import type { RegisteredNode } from "../../src/mesh/nodeDirectory.ts";
import { peerIdOf } from "../../src/mesh/peerId.ts";
import type { NodeRecord } from "../../src/rpc/nodeApi.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { type Batch, buildBatch } from "../../src/wire/batch.ts";
import { type BatchHeader, batchHeaderHash, encodeBatchHeader } from "../../src/wire/batchHeader.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import type { SignedHeader } from "../../src/wire/equivocation.ts";
import type { Hex, NodeId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/ids.ts";
import { signPeerProof } from "../../src/wire/peerProof.ts";
import { startTestMesh } from "./startTestMesh.ts";
import type { TestNetwork } from "./startTestNetwork.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";
import { testDirectory } from "./testDirectory.ts";
import { testOriginator } from "./testOriginator.ts";
import { until } from "./until.ts";

/** A registered node of the mesh that signs whatever a test wants, with any anchor, on any branch. */
export type Colluder = AsyncDisposable & {
  readonly node: NodeId;
  /** Signs the next batch of its log, or as `header` says, and waits until all honest nodes serve its receipt. */
  readonly take: (
    envelope: Envelope,
    header: Partial<BatchHeader> & { anchorBlock: number },
  ) => Promise<Batch>;
  /** Signs any header of its log. */
  readonly sign: (header: Partial<BatchHeader>) => SignedHeader;
  /** Anchors its log up to this batch; gives the block. */
  readonly checkpoint: (batch: Batch) => Promise<number>;
};

const NO_HASH: Hex = `0x${"00".repeat(32)}`;

function registered(node: NodeRecord): RegisteredNode {
  const { generation, leftBlock: leavingBlock } = node;
  const shards = { shards: `${node.shards}`, formerShards: [] };
  return { ...node, ...shards, generation: Number(generation), leavingBlock };
}

/** `httpAddress`: of the public API that it claims; an honest node's by default. */
export async function startColluder(params: {
  network: TestNetwork;
  account: number;
  httpAddress?: string;
}): Promise<Colluder> {
  const { network, account } = params;
  const { chain, nodes } = network;
  await using stack = new AsyncDisposableStack();
  const directory = testDirectory();
  for (const { api } of nodes)
    for (const node of (await api.listNodes({})).nodes) directory.set(registered(node));
  const operator = openRelayer({ privateKey: chain.accounts[account]?.privateKey ?? "0x" });
  const { privateKey: signingPrivateKey } = generateP256();
  const privateKey = randomBytes(32);
  const { path } = stack.use(await temporaryDirectory());
  const keys = { privateKey, originator: testOriginator("colluder"), path };
  const mesh = stack.use(await startTestMesh({ name: "colluder", directory, keys, network: chain.network }));
  const { bytes: peerId } = await peerIdOf({ privateKey });
  const httpAddress = params.httpAddress ?? nodes[0]?.url ?? "";
  const signingKey = p256PublicKey(signingPrivateKey);
  const node = nodeIdOf({ operator: operator.address, signingKey });
  const peerProof = signPeerProof({ network: chain.network, node, privateKey });
  const addresses = { peerId, peerProof, multiaddrs: mesh.mesh.multiaddrs(), httpAddress };
  await registerNode({ chain: chain.chain, operator, signingPrivateKey, addresses });
  await until("the colluder registered", async () => {
    const lists = await Promise.all(nodes.map(({ api }) => api.listNodes({})));
    return lists.every((list) => list.nodes.some((one) => one.node === node));
  });
  await until("the colluder in the mesh", () => mesh.mesh.peers().length === nodes.length);
  let first = 0n;
  let previous = NO_HASH;
  const take: Colluder["take"] = async (envelope, header) => {
    const batch = buildBatch({
      header: {
        ...{ node, generation: 1n, shard: 0, firstSequence: first, previous },
        ...{ chainId: chain.network.chainId, nodeRegistry: chain.network.nodeRegistry },
        ...{ anchorHash: NO_HASH, timeMs: Date.now() },
        ...header,
      },
      envelopes: [envelope],
      signingKey: signingPrivateKey,
    });
    first = batch.header.firstSequence + 1n;
    previous = batchHeaderHash(batch.headerBytes);
    await appendPeerBatch({ store: mesh.store, batch });
    mesh.mesh.publishBatch(batch);
    for (const { api } of nodes) {
      await until("the colluder's receipt at an honest node", async () => {
        const { envelopes } = await api.query({ topics: [{ topic: envelope.topic }] });
        return envelopes.some(({ receipts }) =>
          receipts.some((one) => toHex(one.signature) === toHex(batch.signature)),
        );
      });
    }
    return batch;
  };
  const checkpoint: Colluder["checkpoint"] = async ({ header, headerBytes }) => {
    const sequence = header.firstSequence + BigInt(header.count) - 1n;
    const log = { node, shard: header.shard, sequence, headerHash: batchHeaderHash(headerBytes) };
    const sent = await checkpointNode({ chain: chain.chain, operator, ...log });
    if (sent.kind !== "submitted") throw new Error(`the checkpoint is ${sent.kind}`);
    const landed = await waitForTransaction({ chain: chain.chain, transaction: sent.transaction });
    if (landed.kind !== "mined") throw new Error(`the checkpoint is ${landed.kind}`);
    return landed.block;
  };
  const sign: Colluder["sign"] = (change) => {
    const header = encodeBatchHeader({
      ...{ node, generation: 1n, shard: 0, firstSequence: 0n, count: 1, previous: NO_HASH, root: NO_HASH },
      ...{ chainId: chain.network.chainId, nodeRegistry: chain.network.nodeRegistry },
      ...{ anchorBlock: 1, anchorHash: NO_HASH, timeMs: 0 },
      ...change,
    });
    return { header, signature: signP256({ privateKey: signingPrivateKey, message: header }) };
  };
  const owned = stack.move();
  return { node, take, sign, checkpoint, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
