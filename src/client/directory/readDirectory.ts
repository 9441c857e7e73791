import { steadyMs } from "../../clock/steadyMs.ts";
import { isStorageFault, isWeftError, WeftError } from "../../errors.ts";
import type { NodeApi, NodeStatus } from "../../rpc/nodeApi.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { activeNodes, apiOf, connectionTo, isUp } from "../nodes/nodeLinks.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { NodeList } from "./nodeList.ts";
import { readNodeList } from "./readNodeList.ts";
import { type Taken, takeNodeLists } from "./takeNodeLists.ts";

/** How long other named nodes are waited for once a node that the app named has answered. */
const OTHERS_MS = 1_000;
/** How long nodes that the app named are waited for before other known nodes are asked. */
const NAMED_MS = 4_000;

type Params = {
  witnesses: Witnesses;
  /** Undefined: nothing is kept. */
  database?: Database | undefined;
  network: Network;
  signal: AbortSignal;
};

/**
 * Reads the registry's list of nodes from the nodes whose addresses the app named, or else from a known node, and takes
 * what two operators agree on; if some nodes turn out to be hidden, it reads the lists of all known nodes. Throws
 * `no-node` if none answers, `wrong-chain` if one is of another network.
 */
export async function readDirectory(params: Params): Promise<Taken> {
  const faults: unknown[] = [];
  const named = await readNamed({ ...params, faults });
  const lists = named.length > 0 ? named : await readKnown({ ...params, faults, most: 1 });
  if (lists.length === 0) {
    throw new WeftError({ code: "no-node", message: "no node answers", cause: faults[0] });
  }
  const outcome = await takeNodeLists({ ...params, lists });
  if (outcome !== "hidden") return outcome;
  const more = await readKnown({ ...params, faults, most: Number.POSITIVE_INFINITY });
  return await takeNodeLists({ ...params, lists: [...lists, ...more] });
}

/** Takes from one node's list what two operators agree on. */
export async function takeNodeList(
  params: Omit<Params, "network"> & { node: NodeId | undefined; api: Pick<NodeApi, "listNodes"> },
): Promise<void> {
  const { node } = params;
  const records = await readNodeList(params);
  await takeNodeLists({ ...params, lists: [{ by: node, records, isNamed: false }] });
}

/** Reads the lists of all nodes that the app named at once; a node that hangs holds up nobody. */
async function readNamed(params: Params & { faults: unknown[] }): Promise<NodeList[]> {
  const { witnesses, network } = params;
  const { links } = witnesses;
  const late = new AbortController();
  const signal = AbortSignal.any([params.signal, late.signal]);
  const lists: NodeList[] = [];
  const read = async (url: string): Promise<void> => {
    const api = connectionTo(links, url);
    const status = await api.getNode({}, { signal });
    checkNetwork(network, status);
    const records = await readNodeList({ api, signal });
    links.addresses.set(status.node, url);
    links.answeredAtMs.set(status.node, steadyMs());
    lists.push({ by: status.node, records, isNamed: true });
    graceEnds ??= setTimeout(() => late.abort(tooLate()), OTHERS_MS);
  };
  let graceEnds: ReturnType<typeof setTimeout> | undefined;
  const mayAskOthers = activeNodes(links).some(({ node }) => isUp(links, node, steadyMs()));
  const ends = mayAskOthers ? setTimeout(() => late.abort(tooLate()), NAMED_MS) : undefined;
  try {
    await Promise.all(links.bootstrap.map((url) => attempt(params, () => read(url))));
  } finally {
    clearTimeout(graceEnds);
    clearTimeout(ends);
  }
  return lists;
}

function tooLate(): WeftError {
  return new WeftError({ code: "node-unreachable", message: "others answered before" });
}

async function readKnown(params: Params & { faults: unknown[]; most: number }): Promise<NodeList[]> {
  const { witnesses, signal, most } = params;
  const { links } = witnesses;
  const lists: NodeList[] = [];
  for (const { node } of activeNodes(links)) {
    const api = isUp(links, node, steadyMs()) ? apiOf(links, node) : undefined;
    if (!api || lists.length >= most) continue;
    const records = await attempt(params, () => readNodeList({ api, signal }));
    if (records) lists.push({ by: node, records, isNamed: false });
  }
  return lists;
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

/**
 * Collects what goes wrong with one node; a wrong network, a fault of the disk and the caller's abort are passed on.
 */
async function attempt<T>(
  { faults, signal }: { faults: unknown[]; signal: AbortSignal },
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted || isWeftError(error, "wrong-chain") || isStorageFault(error)) throw error;
    faults.push(error);
    return undefined;
  }
}
