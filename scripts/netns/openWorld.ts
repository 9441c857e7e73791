import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import { awaitMesh } from "../../src/devnet/awaitMesh.ts";
import { type DevnetNode, openDevnetNode } from "../../src/devnet/devnetNode.ts";
import { type LocalChain, startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { Network } from "../../src/wire/network.ts";
import { deployTestContracts } from "../../test/support/deployTestContracts.ts";
import { startTestConversation, type TestConversation } from "../../test/support/startTestConversation.ts";
import { type Ear, openEar } from "./openEar.ts";
import { type Host, type Hosts, openHosts } from "./openHosts.ts";

const CHAIN_PORT = 8545;
const PORTS = { mesh: 4001, http: 8080, metrics: 9100 };
const BLOCK_MS = 250;
const MESH_TIMEOUT_MS = 60_000;
/** All envelopes come from one address, as fast as the faults want them; blocks are looked for as often as they come. */
const SETTINGS = {
  WEFT_CHAIN_POLL_MS: `${BLOCK_MS}`,
  WEFT_CALLS_PER_SECOND: "1000000",
  WEFT_CALL_BURST: "1000000",
  WEFT_PUBLISHED_BYTES_PER_SECOND: "1000000000",
  WEFT_MESSAGE_BYTES_PER_SECOND: "1000000000",
  WEFT_ALL_MESSAGE_BYTES_PER_SECOND: "1000000000",
  WEFT_PEER_MESSAGE_BYTES_PER_MINUTE: "1000000000000",
};

/** A node on its own host, how to ask it, and who reads all that it has. */
export type Seat = {
  readonly host: Host;
  readonly node: DevnetNode;
  readonly api: NodeConnection;
  readonly ear: Ear;
};

export type World = {
  readonly network: Hosts;
  readonly chainHost: Host;
  readonly chain: LocalChain;
  readonly deployment: Network;
  readonly seats: readonly Seat[];
  readonly conversation: TestConversation;
  readonly topic: Uint8Array;
  /** Ends all that waits. */
  readonly signal: AbortSignal;
};

/** A chain and nodes, each a process on a host of its own, that see each other. Disposing ends and removes them all. */
export async function openWorld(params: {
  directory: string;
  nodes: number;
  signal: AbortSignal;
}): Promise<World & AsyncDisposable> {
  const { directory, nodes, signal } = params;
  await using stack = new AsyncDisposableStack();
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  const network = stack.use(await openHosts({ names: ["chain", ...names] }));
  const [chainHost, ...nodeHosts] = network.hosts;
  if (chainHost === undefined) throw new Error("there is no host for the chain");
  const chain = stack.use(
    await startLocalChain({
      ...{ kind: "anvil", blockMs: BLOCK_MS, signal },
      ...{ host: chainHost.address, port: CHAIN_PORT, within: chainHost.within },
    }),
  );
  const deployment = await deployTestContracts({ rpcUrl: chain.rpcUrl, settings: {} });
  await mkdir(directory, { recursive: true });
  const networkFile = join(directory, "network.json");
  await writeFile(networkFile, formatDeployment(deployment));
  const settled = await Promise.allSettled(
    nodeHosts.map(async (host, index) => {
      const node = await openNode({ host, number: index + 1, directory, networkFile, chain, signal });
      return { host, node, api: connectNode({ url: node.addresses.url }) };
    }),
  );
  const opened = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  stack.defer(async () => void (await Promise.all(opened.map(({ node }) => node.stop("term")))));
  for (const { api } of opened) stack.use(api);
  for (const one of settled) if (one.status === "rejected") throw one.reason;
  await awaitMesh({ nodes: opened.map(({ node }) => node), timeoutMs: MESH_TIMEOUT_MS, signal });
  const [first] = opened;
  if (first === undefined) throw new Error("there is no node");
  const conversation = await startTestConversation({ network: deployment, api: first.api });
  const { topic } = conversation.post("names the topic");
  const seats = opened.map((seat) => ({ ...seat, ear: stack.use(openEar({ api: seat.api, topic })) }));
  const owned = stack.move();
  return {
    ...{ network, chainHost, chain, deployment, seats, conversation, topic, signal },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openNode(params: {
  host: Host;
  number: number;
  directory: string;
  networkFile: string;
  chain: LocalChain;
  signal: AbortSignal;
}): Promise<DevnetNode> {
  const { host, number, directory, networkFile, chain, signal } = params;
  const { address, within } = host;
  return await openDevnetNode({
    ...{ number, directory, networkFile, rpcUrl: chain.rpcUrl, signal },
    operatorKey: chain.accounts[number]?.privateKey ?? "0x",
    // From the other end of the chain's funded accounts.
    relayKey: chain.accounts.at(-number)?.privateKey,
    chosen: {
      within,
      env: SETTINGS,
      ports: {
        listen: `/ip4/${address}/tcp/${PORTS.mesh}`,
        http: `${address}:${PORTS.http}`,
        metrics: `${address}:${PORTS.metrics}`,
      },
    },
  });
}
