import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { DevnetNode } from "../../src/devnet/devnetNode.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { envelopeBytes } from "../../src/wire/envelope.ts";
import { startTestConversation, type TestConversation } from "../../test/support/startTestConversation.ts";
import { until } from "../../test/support/until.ts";
import { drawMessage, fillStore } from "./fillStore.ts";
import { type Row, timed } from "./measure.ts";
import { type BenchNodes, openBenchNodes } from "./openBenchNodes.ts";
import { memoryRows, usageAtRest } from "./readUsage.ts";

const CONVERSATIONS = 16;
const BACKFILL_TIMEOUT_MS = 1_800_000;

/** A node that answers what its peers ask when they start, and takes no messages of theirs. */
const TAKES_NOTHING = { WEFT_PEER_MESSAGE_BYTES_PER_MINUTE: "1" };

/**
 * What a node takes with so many envelopes in its store (memory, disk, time to start), and how fast a fresh one fetches
 * `fetched` of them. Nodes are processes of their own, and share this machine's cores with whoever measures.
 */
export async function benchNode(params: { envelopes: number; fetched: number }): Promise<Row[]> {
  const { envelopes, fetched } = params;
  await using nodes = await openBenchNodes();
  const node = await nodes.open({ number: 1 });
  const empty = await usageAtRest(node);
  const conversations = await openConversations({ nodes, node });
  await node.stop("term");
  const before = await bytesOnDisk(node);
  const fill = async (count: number): Promise<number> =>
    timed(() => fillStore({ chain: nodes.chain, node, conversations, envelopes: count }));
  await fill(fetched);
  await node.start();
  const backfill = await benchBackfill({ nodes, fetched });
  await node.stop("term");
  const filling = await fill(envelopes - fetched);
  const peer = await nodes.open({ number: 2, env: TAKES_NOTHING });
  const start = await timed(node.start);
  const full = await usageAtRest(node);
  const disk = ((await bytesOnDisk(node)) - before) / envelopes;
  await peer.stop("term");
  const subject = `a node with ${envelopes.toLocaleString("en")} envelopes`;
  return [
    ...memoryRows({ subject: "a node with nothing", usage: empty }),
    ...memoryRows({ subject, usage: full }),
    { subject, what: "from its start until it is ready", value: start, unit: "ms" },
    {
      ...{ subject, what: "disk, of each envelope", value: disk, unit: "bytes" },
      beside: `of these ${envelopeBytes(drawMessage(conversations, 0))} its own`,
    },
    {
      ...{ subject, what: "appended (signed by member and node)", unit: "per second" },
      value: ((envelopes - fetched) * 1_000) / filling,
    },
    ...backfill,
  ];
}

async function openConversations(params: {
  nodes: BenchNodes;
  node: DevnetNode;
}): Promise<TestConversation[]> {
  const { nodes, node } = params;
  await using api = connectNode({ url: node.addresses.url });
  const { network } = nodes.chain;
  return await Promise.all(
    Array.from({ length: CONVERSATIONS }, () => startTestConversation({ network, api })),
  );
}

/** A second node with an empty disk, from the start of its process until it has all that the first one has. */
async function benchBackfill(params: { nodes: BenchNodes; fetched: number }): Promise<Row[]> {
  const { nodes, fetched } = params;
  const startedMs = performance.now();
  const fresh = await nodes.open({ number: 2 });
  await using api = connectNode({ url: fresh.addresses.url });
  const held = async (): Promise<number> => {
    const { logs } = await api.getNode({});
    return logs.reduce((sum, { next }) => sum + Number(next), 0);
  };
  await until("the fresh node has all", async () => (await held()) >= fetched, BACKFILL_TIMEOUT_MS);
  const ms = performance.now() - startedMs;
  await fresh.stop("term");
  const subject = `a fresh node beside one with ${fetched.toLocaleString("en")} envelopes`;
  return [
    { subject, what: "from its start until it has them", value: ms, unit: "ms" },
    { subject, what: "fetched, checked and stored", value: (fetched * 1_000) / ms, unit: "per second" },
  ];
}

async function bytesOnDisk(node: DevnetNode): Promise<number> {
  const directory = join(node.directory, "database");
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (name) => (await stat(join(directory, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
