import type { NodeApi, NodeRecord } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";

/** One list has no more nodes; the registry would have to grow a lot for more. */
const MAX_NODES = 10_000;

/** Reads all pages of a node's list of nodes. The list ends where a page does not go on from the one before. */
export async function readNodeList(params: {
  api: Pick<NodeApi, "listNodes">;
  signal: AbortSignal;
}): Promise<readonly NodeRecord[]> {
  const { api, signal } = params;
  const records: NodeRecord[] = [];
  let after: NodeId | undefined;
  do {
    const { nodes, more } = await api.listNodes({ after }, { signal });
    records.push(...nodes);
    const last = nodes.at(-1)?.node;
    if (!more || last === undefined || (after !== undefined && last <= after)) break;
    after = last;
  } while (records.length < MAX_NODES);
  return records.slice(0, MAX_NODES);
}
