import { askNode } from "./askNode.ts";
import { callRpc } from "./callRpc.ts";
import type { NodeReport } from "./nodeHoldings.ts";
import type { Devnet } from "./startDevnet.ts";

/** Asks every running node at once. */
export async function askNodes(params: {
  devnet: Pick<Devnet, "nodes">;
  signal: AbortSignal;
}): Promise<NodeReport[]> {
  const running = params.devnet.nodes.filter((node) => node.isRunning());
  return await Promise.all(
    running.map(async (node) => ({ node, status: await askNode({ node, signal: params.signal }) })),
  );
}

/** Number of the chain's newest block. */
export async function blockNumber(params: { devnet: Devnet; signal: AbortSignal }): Promise<number> {
  const { devnet, signal } = params;
  return Number(await callRpc<string>({ rpcUrl: devnet.chain.rpcUrl, method: "eth_blockNumber", signal }));
}
