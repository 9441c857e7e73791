import { connectNode } from "../rpc/connectNode.ts";
import type { NodeStatus } from "../rpc/nodeApi.ts";
import type { DevnetNode } from "./devnetNode.ts";

/** How long a node may take to answer before it counts as silent. */
const ANSWER_TIMEOUT_MS = 2_000;

/** What the node says of itself, or undefined if it does not answer. */
export async function askNode(params: {
  node: DevnetNode;
  signal: AbortSignal;
}): Promise<NodeStatus | undefined> {
  const { node, signal } = params;
  if (!node.isRunning()) return undefined;
  const url = node.addresses.url;
  await using connection = connectNode({ url, http: "1.1", timeoutMs: ANSWER_TIMEOUT_MS, signal });
  try {
    return await connection.getNode({});
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}
