import { steadyMs } from "../../clock/steadyMs.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { type Backoff, backoffMs } from "../backoff.ts";
import type { KnownNode } from "../tables.ts";
import { type HeardTime, hearHead } from "./chainTime.ts";
import { guardNode } from "./guardNode.ts";

/** Nodes that do not reach each other, as an app or a test was told; a conversation stays on the side it is on. */
export type Reach = {
  readonly sides: readonly ReadonlySet<NodeId>[];
  readonly sideOf: Map<GroupId, ReadonlySet<NodeId>>;
};

/** How a node was doing when it was last tried. */
type Health = {
  readonly failures: number;
  readonly downUntilMs: number;
  /** It answers, but not to be read by: it left something out, or what it said was contradicted. */
  readonly isLeft?: true;
  /** It has answered since: it may be read by again. */
  readonly hasAnswered?: true;
};

/** The nodes of the registry, the connections to them, and which of them answer. */
export type NodeLinks = HeardTime & {
  readonly bootstrap: readonly string[];
  readonly connections: Map<string, NodeConnection>;
  readonly connect: (params: { url: string }) => NodeConnection;
  readonly health: Map<NodeId, Health>;
  /** Called when nodes come or go. */
  readonly onChange: () => void;
  /** Undefined: all nodes reach each other. */
  reach: Reach | undefined;
};

/** How long a node that failed is left alone. */
const DOWN: Backoff = { baseMs: 1_000, capMs: 15_000 };
const LEAST_DOWN_MS = 500;
const WITHHELD_DOWN_MS = 10 * 60_000;
const BEHIND_DOWN_MS = 60_000;

export function createNodeLinks(params: {
  bootstrap: readonly string[];
  nodes: readonly KnownNode[];
  connect: NodeLinks["connect"];
  onChange: () => void;
}): NodeLinks {
  return {
    nodes: new Map(params.nodes.map((node) => [node.node, node])),
    addresses: new Map(),
    bootstrap: params.bootstrap,
    connections: new Map(),
    connect: params.connect,
    health: new Map(),
    clocks: new Map(),
    onHeard: undefined,
    onChange: params.onChange,
    reach: undefined,
  };
}

/** Those that take part: registered, not leaving, not proven to have equivocated. */
export function activeNodes(links: NodeLinks): KnownNode[] {
  return [...links.nodes.values()].filter((node) => node.leftBlock === undefined && !node.disabled);
}

/** Of the nodes that take part. */
export function countOperators(links: NodeLinks): number {
  return new Set(activeNodes(links).map(({ operator }) => operator)).size;
}

export function connectionTo(links: NodeLinks, url: string): NodeConnection {
  const known = links.connections.get(url);
  if (known) return known;
  const connection = guardNode(links.connect({ url }), (head) => hearHead(links, { url, head }));
  links.connections.set(url, connection);
  return connection;
}

/** `undefined` for a node that has no address. */
export function apiOf(links: NodeLinks, node: NodeId): NodeConnection | undefined {
  const url = links.addresses.get(node) ?? links.nodes.get(node)?.httpAddress;
  return url ? connectionTo(links, url) : undefined;
}

export function isUp(links: NodeLinks, node: NodeId, nowMs: number): boolean {
  return (links.health.get(node)?.downUntilMs ?? 0) <= nowMs;
}

export function noteFailure(links: NodeLinks, node: NodeId, nowMs: number): void {
  // What it was left for stays longer than what its failure makes of it.
  if (isLeft(links, node, nowMs)) return;
  const known = links.health.get(node);
  const failures = (known?.failures ?? 0) + 1;
  const untilMs = nowMs + LEAST_DOWN_MS + backoffMs({ ...DOWN, attempt: failures - 1 });
  const downUntilMs = Math.max(untilMs, known?.downUntilMs ?? 0);
  links.health.set(node, { failures, downUntilMs });
}

/** Nodes that are left alone no longer and have not answered since. */
export function nodesToTry({ health }: NodeLinks, nowMs: number): NodeId[] {
  return [...health].flatMap(([node, known]) =>
    known.downUntilMs <= nowMs && !known.hasAnswered ? [node] : [],
  );
}

/** What it failed at before is still counted, should it fail again. */
export function noteAnswer({ health }: NodeLinks, node: NodeId): void {
  const known = health.get(node);
  if (known) health.set(node, { ...known, hasAnswered: true });
}

/** The node did not tell all, or not the truth: this client reads elsewhere for a while. */
export function noteWithholding(links: NodeLinks, node: NodeId, nowMs: number): void {
  links.health.set(node, { failures: 1, downUntilMs: nowMs + WITHHELD_DOWN_MS, isLeft: true });
}

/** The node is far behind the others: this client reads elsewhere until it may have caught up. */
export function noteBehind(links: NodeLinks, node: NodeId, nowMs: number): void {
  if (isLeft(links, node, nowMs)) return;
  links.health.set(node, { failures: 1, downUntilMs: nowMs + BEHIND_DOWN_MS });
}

/** True for a node that is left alone for what it said, and not because it does not answer. */
export function isLeft(links: NodeLinks, node: NodeId, nowMs: number): boolean {
  return links.health.get(node)?.isLeft === true && !isUp(links, node, nowMs);
}

export function noteSuccess(links: NodeLinks, node: NodeId): void {
  // That it answers is not what it was left for.
  if (isLeft(links, node, steadyMs())) return;
  links.health.delete(node);
}

/** When the first of the nodes that are left alone may be tried again. */
export function nextRetryMs(links: NodeLinks, nowMs: number): number | undefined {
  const waits = [...links.health.values()]
    .map(({ downUntilMs }) => downUntilMs - nowMs)
    .filter((ms) => ms > 0);
  return waits.length === 0 ? undefined : Math.min(...waits);
}

export async function closeConnections(links: NodeLinks): Promise<void> {
  const connections = [...links.connections.values()];
  links.connections.clear();
  await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
}
