import { isWeftError, WeftError } from "../../errors.ts";
import type { NodeApi, NodeStatus } from "../../rpc/nodeApi.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { Network } from "../../wire/network.ts";
import { type KnownNode, tables } from "../tables.ts";
import { activeNodes, apiOf, connectionTo, isUp, type NodeLinks } from "./nodeLinks.ts";

type Params = { links: NodeLinks; database: Database; network: Network; signal: AbortSignal };

/**
 * Reads the registry's list of nodes from whichever node answers first, by the addresses that the app named and by
 * those that are known. Throws `no-node` if none answers, `wrong-chain` if one is of another network.
 */
export async function readDirectory(params: Params): Promise<void> {
  const { links, network, signal } = params;
  const faults: unknown[] = [];
  for (const url of links.bootstrap) {
    const api = connectionTo(links, url);
    await attempt(faults, signal, async () => {
      const status = await api.getNode({}, { signal });
      checkNetwork(network, status);
      links.addresses.set(status.node, url);
      await takeNodeList({ ...params, api });
    });
  }
  if (faults.length < links.bootstrap.length) return;
  for (const { node } of activeNodes(links)) {
    const api = isUp(links, node, Date.now()) ? apiOf(links, node) : undefined;
    const count = faults.length;
    if (api) await attempt(faults, signal, () => takeNodeList({ ...params, api }));
    if (api && faults.length === count) return;
  }
  throw new WeftError({ code: "no-node", message: "no node answers", cause: faults[0] });
}

/** What one node lists. */
export async function takeNodeList(params: Omit<Params, "network"> & { api: NodeApi }): Promise<void> {
  const { links, database, api, signal } = params;
  const { nodes } = await api.listNodes({}, { signal });
  const known = nodes.map(
    ({ node, operator, signingKey, httpAddress, registeredBlock, leftBlock, disabledBlock }): KnownNode => ({
      ...{ node, operator, signingKey, httpAddress, registeredBlock, leftBlock },
      disabled: disabledBlock !== undefined,
    }),
  );
  const changed = known.filter((node) => !isSame(links.nodes.get(node.node), node));
  const writes = changed.map((node) => tables.knownNode.put({ node: node.node }, node));
  await writeAtomic({ database, writes, sync: false });
  for (const node of changed) links.nodes.set(node.node, node);
  if (changed.length > 0) links.onChange();
}

function checkNetwork(network: Network, status: NodeStatus): void {
  const isSameNetwork =
    status.chainId === network.chainId &&
    status.commitLog === network.commitLog &&
    status.identityRegistry === network.identityRegistry &&
    status.nodeRegistry === network.nodeRegistry;
  if (isSameNetwork) return;
  throw new WeftError({
    code: "wrong-chain",
    message: `the node ${status.node} is of chain ${status.chainId} with CommitLog ${status.commitLog}`,
  });
}

/** Collects what goes wrong with one node; a wrong network and the caller's abort are passed on. */
async function attempt(faults: unknown[], signal: AbortSignal, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (signal.aborted || isWeftError(error, "wrong-chain") || isWeftError(error, "storage")) throw error;
    faults.push(error);
  }
}

function isSame(a: KnownNode | undefined, b: KnownNode): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
