import { MAX_NODES_PER_PAGE } from "../rpc/limits.ts";
import type { NodeApi, NodeRecord } from "../rpc/nodeApi.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { IndexedNode } from "../store/node/indexedRecords.ts";
import type { LogStore } from "../store/node/logStore.ts";
import type { NodeId } from "../wire/ids.ts";

/**
 * Lists a page of the registry. Nodes whose record was dropped are in it as long as this node keeps something of their
 * logs: whoever reads that needs their keys.
 */
export function listNodes(params: {
  index: ChainIndex;
  store: LogStore;
  after: NodeId | undefined;
}): Awaited<ReturnType<NodeApi["listNodes"]>> {
  const { index, store, after } = params;
  const { nodes, head } = index.state;
  const kept = new Set([...store.state.logs.values()].map(({ log }) => log.node));
  const behind = [...nodes.values()]
    .filter(({ node, isDropped }) => (after === undefined || node > after) && (!isDropped || kept.has(node)))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  const page = behind.slice(0, MAX_NODES_PER_PAGE);
  return { nodes: page.map(nodeRecord), head, more: behind.length > page.length };
}

function nodeRecord(node: IndexedNode): NodeRecord {
  return {
    node: node.node,
    operator: node.operator,
    signingKey: node.signingKey,
    peerId: node.peerId,
    peerProof: node.peerProof,
    multiaddrs: node.multiaddrs,
    httpAddress: node.httpAddress,
    generation: BigInt(node.generation),
    registeredBlock: node.registeredBlock,
    leftBlock: node.leavingBlock,
    disabledBlock: node.disabledBlock,
    bondWei: BigInt(node.bondWei),
    withdrawableAt: node.withdrawableAt,
    shards: BigInt(node.shards),
    isDropped: node.isDropped,
  };
}
