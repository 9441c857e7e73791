import { type Client, coreOf } from "../../../src/client/client.ts";
import { withoutRead } from "../../../src/client/messages/topicReads.ts";
import { steadyMs } from "../../../src/clock/steadyMs.ts";
import { WeftError } from "../../../src/errors.ts";
import type { NodeApi } from "../../../src/rpc/nodeApi.ts";
import type { MemoryChain } from "../memoryChain.ts";
import { followToHead, type MemoryNode, openMemoryNode } from "../memoryNode.ts";
import { falsify, type Told } from "./falseChain.ts";
import { forgedCoverage } from "./forgedCoverage.ts";
import type { Ghost, Liar, Lie } from "./lie.ts";

/** A liar's other view of the chain: an index of what it tells. */
export type Shadow = { readonly node: MemoryNode; effective: readonly string[] };

/** Who lies at present, to whom, and all that was ever told. */
export type Deceit = {
  readonly chain: MemoryChain;
  /** Nodes of one operator, by name. Empty: everybody tells the truth. */
  liars: ReadonlySet<string>;
  /** The seat that is lied to; undefined: all are. */
  towards: string | undefined;
  lies: readonly Lie[];
  salt: string | undefined;
  shadows: ReadonlyMap<string, Shadow>;
  /** Ends with every change of the above. */
  changed: AbortController;
  /** Reaches only liars until then, ms. */
  eclipsedUntilMs: number;
  readonly ghosts: Ghost[];
  /** Nodes that ever lied, by name. */
  readonly everLied: Set<string>;
  /** What was truly told otherwise, as "seat: node: lie", and when last, by the monotonic clock. */
  readonly told: Map<string, number>;
  /** Who has believed what of nodes. */
  readonly deceived: Set<string>;
};

/** How a client sees a node, until the signal aborts. */
export type Story = { readonly api: NodeApi; readonly signal: AbortSignal };

export function createDeceit(chain: MemoryChain): Deceit {
  return {
    ...{ chain, liars: new Set(), towards: undefined, lies: [], salt: undefined, shadows: new Map() },
    ...{ changed: new AbortController(), eclipsedUntilMs: 0 },
    ...{ ghosts: [], everLied: new Set(), told: new Map(), deceived: new Set() },
  };
}

/** From now on these lies are told; no lies: from now on the truth. */
export async function tell(params: {
  deceit: Deceit;
  liars: readonly MemoryNode[];
  towards: string | undefined;
  lies: readonly Lie[];
  salt: string | undefined;
}): Promise<void> {
  const { deceit, liars, towards, lies, salt } = params;
  const before = deceit.shadows;
  const shadows = new Map<string, Shadow>();
  if (lies.some(({ forge }) => forge)) {
    for (const node of liars) shadows.set(node.name, await openShadow({ deceit, node, lies, salt }));
  }
  const { changed } = deceit;
  Object.assign(deceit, { towards, lies, salt, shadows, changed: new AbortController() });
  deceit.liars = new Set(lies.length > 0 ? liars.map(({ name }) => name) : []);
  for (const { name } of lies.length > 0 ? liars : []) deceit.everLied.add(name);
  for (const { ghost } of lies) if (ghost && !deceit.ghosts.includes(ghost)) deceit.ghosts.push(ghost);
  changed.abort(new WeftError({ code: "node-unreachable", message: "the connection broke" }));
  for (const shadow of before.values()) await shadow.node[Symbol.asyncDispose]();
}

/** Lets a liar's own view of the chain follow what has become of the true one. */
export async function followShadow(deceit: Deceit, name: string): Promise<void> {
  const shadow = deceit.shadows.get(name);
  if (!shadow) return;
  const { blocks, effective } = toldBlocks(deceit);
  shadow.node.chain.blocks = blocks;
  shadow.effective = effective;
  await followToHead(shadow.node);
}

/** What a seat is told by a node; `client`: its own, if it is open. */
export function storyOf(params: {
  deceit: Deceit;
  seat: string;
  client: Client | undefined;
  node: MemoryNode;
}): Story {
  const { deceit, seat, client, node } = params;
  const { signal } = deceit.changed;
  const isDeceived = deceit.towards === undefined || deceit.towards === seat;
  if (!isDeceived || !deceit.liars.has(node.name)) return { api: node.api, signal };
  const notice = (name: string) => () => void deceit.told.set(`${seat}: ${node.name}: ${name}`, steadyMs());
  const shadow = deceit.shadows.get(node.name);
  const unread: Liar["unread"] = async (envelopes) =>
    client ? await withoutRead(coreOf(client), envelopes) : envelopes;
  const { signingKey } = node.identity;
  const liar = { network: deceit.chain.network, node: node.node, signingKey, unread };
  let api: NodeApi = shadow ? aboutAnotherChain({ node, shadow, notice }) : node.api;
  for (const { name, answers, swallow } of deceit.lies) {
    const before = api;
    if (answers) api = { ...before, ...answers(before, notice(name), liar) };
    if (swallow) api = { ...api, relayAppend: swallowing({ api, swallow, notice: notice(name), deceit }) };
  }
  return { api, signal };
}

/** True if a seat can't reach a node since it is cut off from all that do not lie. */
export function isEclipsed(params: {
  deceit: Deceit;
  seat: string;
  node: MemoryNode;
  nowMs: number;
}): boolean {
  const { deceit, seat, node, nowMs } = params;
  const isMeant = deceit.towards === undefined || deceit.towards === seat;
  return isMeant && nowMs < deceit.eclipsedUntilMs && !deceit.liars.has(node.name);
}

export async function endDeceit(deceit: Deceit): Promise<void> {
  for (const shadow of deceit.shadows.values()) await shadow.node[Symbol.asyncDispose]();
  deceit.shadows = new Map();
}

function toldBlocks({ chain, lies, salt }: Pick<Deceit, "chain" | "lies" | "salt">): Told {
  const { blocks } = chain;
  const isMarked = salt !== undefined || lies.some(({ needsOwnHashes }) => needsOwnHashes);
  return falsify({ blocks, lies, salt: isMarked ? (salt ?? "marked") : undefined });
}

async function openShadow(params: {
  deceit: Deceit;
  node: MemoryNode;
  lies: readonly Lie[];
  salt: string | undefined;
}): Promise<Shadow> {
  const { deceit, node, lies, salt } = params;
  const { network } = deceit.chain;
  const { blocks, effective } = toldBlocks({ chain: deceit.chain, lies, salt });
  const chain: MemoryChain = { ...deceit.chain, blocks, waiting: [] };
  const { identity } = node;
  const shadow = await openMemoryNode({ identity, network, chain, rows: [], onBatch: () => undefined });
  await followToHead(shadow);
  return { node: shadow, effective };
}

/** Everything about the chain by the shadow, everything about topics by the node itself. */
function aboutAnotherChain(params: {
  node: MemoryNode;
  shadow: Shadow;
  notice: (name: string) => () => void;
}): NodeApi {
  const { node, shadow, notice } = params;
  const tellAll = (): void => {
    for (const name of shadow.effective) notice(name)();
  };
  const noticed = <Args extends unknown[], Answer>(method: (...args: Args) => Answer) => {
    return (...args: Args): Answer => {
      tellAll();
      return method(...args);
    };
  };
  const { api, hub, chain } = shadow.node;
  return {
    ...node.api,
    getNode: async (request, call) => ({ ...(await node.api.getNode(request, call)), head: hub.head }),
    listNodes: noticed(api.listNodes),
    fetchEntries: noticed(api.fetchEntries),
    followChain: noticed(api.followChain),
    getEntry: noticed(api.getEntry),
    getHistories: noticed(api.getHistories),
    getWallet: noticed(api.getWallet),
    readWords: noticed(api.readWords),
    getCoverage: async (request, call) => {
      tellAll();
      const page = await node.api.getCoverage(request, call);
      return forgedCoverage({ page, chain, batches: request.batches });
    },
  };
}

function swallowing(params: {
  deceit: Deceit;
  api: NodeApi;
  swallow: NonNullable<Lie["swallow"]>;
  notice: () => void;
}): NodeApi["relayAppend"] {
  const { deceit, api, swallow, notice } = params;
  return async (append, call) => {
    if (!swallow(append)) return await api.relayAppend(append, call);
    notice();
    return { kind: "submitted", transaction: deceit.chain.network.genesisHash };
  };
}
