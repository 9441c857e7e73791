import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { deploymentFileName } from "../chain/deploy/deployment.ts";
import { WeftError } from "../errors.ts";
import type { Network } from "../wire/network.ts";
import { awaitMesh } from "./awaitMesh.ts";
import { callRpc } from "./callRpc.ts";
import { type ChosenNode, type DevnetNode, openDevnetNode } from "./devnetNode.ts";
import { type NodeLinks, openNodeLinks } from "./nodeLinks.ts";
import { type LocalChain, startLocalChain } from "./startLocalChain.ts";

/** How long the nodes may take to find each other. */
const MESH_TIMEOUT_MS = 60_000;

/** A local L3 with the contracts and independent nodes, each a process of its own. Disposing of it stops them all. */
export type Devnet = AsyncDisposable & {
  readonly directory: string;
  readonly chain: LocalChain;
  readonly network: Network;
  readonly networkFile: string;
  readonly nodes: readonly DevnetNode[];
  /** By this block the contracts were there. */
  readonly contractsBlock: number;
  readonly links: NodeLinks;
};

export type DevnetProgress =
  | { kind: "chain"; rpcUrl: string }
  | { kind: "contracts"; network: Network }
  | { kind: "node"; number: number; url: string }
  | { kind: "mesh" };

/**
 * Starts chain, contracts and nodes and resolves when every node is ready and sees all others.
 * Throws WeftError (`not-ready`, `chain-unreachable`, …); what was started until then is stopped.
 */
export async function startDevnet(params: {
  directory: string;
  nodes: number;
  chain: "anvil" | "hardhat";
  /** 1 unless told. */
  shards?: number;
  /** What is special about each node. */
  choose?: (params: { number: number; chain: LocalChain }) => Promise<ChosenNode>;
  signal: AbortSignal;
  onProgress?: (progress: DevnetProgress) => void;
}): Promise<Devnet> {
  const { directory, shards = 1, signal } = params;
  const tell = params.onProgress ?? (() => {});
  await mkdir(directory, { recursive: true });
  await using stack = new AsyncDisposableStack();

  // Hardhat loads while the chain starts.
  const loading = import("../chain/deploy/deploy.ts");
  const chain = stack.use(await startLocalChain({ kind: params.chain, signal, onLog: () => {} }));
  tell({ kind: "chain", rpcUrl: chain.rpcUrl });
  const deploymentDir = join(directory, "deployments");
  const { deployContracts } = await loading;
  const network = await deployContracts({ rpcUrl: chain.rpcUrl, deploymentDir, shards, signal });
  const contractsBlock = Number(
    await callRpc<string>({ rpcUrl: chain.rpcUrl, method: "eth_blockNumber", signal }),
  );
  tell({ kind: "contracts", network });

  const networkFile = join(deploymentDir, deploymentFileName(network.chainId));
  const opened = await Promise.allSettled(
    operatorKeys({ chain, nodes: params.nodes }).map(async (operatorKey, index) => {
      const number = index + 1;
      const chosen = await params.choose?.({ number, chain });
      const node = await openDevnetNode({
        number,
        directory,
        networkFile,
        rpcUrl: chain.rpcUrl,
        operatorKey,
        // From the other end of the chain's funded accounts.
        relayKey: chain.accounts.at(-number)?.privateKey,
        ...(chosen === undefined ? {} : { chosen }),
        signal,
      });
      tell({ kind: "node", number, url: node.addresses.url });
      return node;
    }),
  );
  const nodes = opened.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  stack.defer(async () => void (await Promise.all(nodes.map((node) => node.stop("term")))));
  for (const result of opened) if (result.status === "rejected") throw result.reason;
  await awaitMesh({ nodes, timeoutMs: MESH_TIMEOUT_MS, signal });
  tell({ kind: "mesh" });

  const owned = stack.move();
  return {
    ...{ directory, chain, network, networkFile, nodes, contractsBlock },
    links: openNodeLinks({ nodes, signal }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The chain's funded accounts; the first one deploys, and the last ones pay for clients. */
function operatorKeys(params: { chain: LocalChain; nodes: number }) {
  const most = Math.floor((params.chain.accounts.length - 1) / 2);
  const keys = params.chain.accounts.slice(1, params.nodes + 1).map((account) => account.privateKey);
  if (params.nodes <= most) return keys;
  throw new WeftError({
    code: "bad-config",
    message: `the local chain funds ${most} operators, not ${params.nodes}`,
  });
}
