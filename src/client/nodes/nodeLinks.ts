import { steadyMs } from "../../clock/steadyMs.ts";
import { type Backoff, backoffMs } from "../../reconciler/intents/backoff.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { type HeardTime, hearHead } from "./chainTime.ts";
import { guardNode } from "./guardNode.ts";
import { boundedWaitMs, noteWait, type Waits } from "./waits.ts";
import { watchNode } from "./watchNode.ts";
import { createTickets, type Tickets } from "./withTicket.ts";

/** Sides of the network that do not reach each other, as an app or a test says; a conversation stays on its side. */
export type Reach = {
  readonly sides: readonly ReadonlySet<NodeId>[];
  readonly sideOf: Map<GroupId, ReadonlySet<NodeId>>;
};

/** How a node was doing when it was last tried; a node that has never failed has none. */
type Health = {
  /**
   * How often it failed in a row; it starts anew if the node has answered since and the last failure is longer ago than
   * FORGET_MS.
   */
  readonly failures: number;
  readonly failedAtMs: number;
  readonly downUntilMs: number;
  /** The time until which the node has told this client to stay away. */
  readonly toldUntilMs?: number;
  /** The node answers, and still is not read by: it left something out, or what it said was contradicted. */
  readonly isLeft?: true;
  /** The node has answered in time since, and is used again. */
  readonly hasAnswered?: true;
  /** When the node has answered since, but too late, ms since 1970: it is used where no other is well. */
  readonly lateAtMs?: number;
};

/** The nodes of the registry, the connections to them, and which of them answer. */
export type NodeLinks = HeardTime & {
  readonly bootstrap: readonly string[];
  readonly connections: Map<string, NodeConnection>;
  readonly connect: (params: { url: string }) => NodeConnection;
  readonly health: Map<NodeId, Health>;
  /** When each node last answered a call in time, ms since 1970. */
  readonly answeredAtMs: Map<NodeId, number>;
  /** How often in a row nobody else had the blocks of each node, and until when it was left for that, ms since 1970. */
  readonly unshared: Map<NodeId, { readonly times: number; readonly untilMs: number }>;
  /** What nodes are not to be asked for yet, as they told. */
  readonly waits: Waits;
  /** Nodes that are being tried again. */
  readonly trying: Set<NodeId>;
  /** Tickets for work that was done for nodes. */
  readonly tickets: Tickets;
  /** Called when nodes come or go. */
  readonly onChange: () => void;
  /** Undefined: all nodes reach each other. */
  reach: Reach | undefined;
};

/** How long a node that failed is left alone: by backoff, at least, and at most where no other is well. */
const DOWN: Backoff = { baseMs: 1_000, capMs: 15_000 };
const LEAST_DOWN_MS = 500;
const ALONE_DOWN_MS = 1_000;
/** A node's failures are forgotten when it has done well for so long. */
const FORGET_MS = 60_000;
/** An answer of longer ago shows nothing about now. */
const LATELY_MS = 10_000;
/** For so long a node that answered too late counts as one that answers. */
const LATE_MS = 30_000;
const WITHHELD_DOWN_MS = 10 * 60_000;
const BEHIND_DOWN_MS = 60_000;

export function createNodeLinks(params: {
  bootstrap: readonly string[];
  nodes: readonly KnownNode[];
  connect: NodeLinks["connect"];
  onChange: () => void;
  onWork?: Tickets["onWork"] | undefined;
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
    answeredAtMs: new Map(),
    unshared: new Map(),
    waits: new Map(),
    trying: new Set(),
    tickets: createTickets(params.onWork),
    onChange: params.onChange,
    reach: undefined,
  };
}

/** Lists the nodes that take part: registered, not leaving, not proven to have equivocated. */
export function activeNodes(links: NodeLinks): KnownNode[] {
  return [...links.nodes.values()].filter((node) => node.leftBlock === undefined && !node.disabled);
}

/** Counts the operators of the nodes that take part. */
export function countOperators(links: NodeLinks): number {
  return new Set(activeNodes(links).map(({ operator }) => operator)).size;
}

export function connectionTo(links: NodeLinks, url: string): NodeConnection {
  const known = links.connections.get(url);
  if (known) return known;
  const connection = watchNode({
    connection: guardNode(links.connect({ url }), {
      onHead: (head) => hearHead(links, { url, head }),
      onWait: (retryAfterMs) => {
        for (const node of nodesAt(links, url))
          noteWait(links.waits, { node, errand: "calls", retryAfterMs });
      },
    }),
    onAnswer: () => noteInTime(links, url),
    onSilence: () => noteSilence(links, url),
    onLate: () => noteLate(links, url),
    hasOther: () => activeNodes(links).some(({ node }) => urlOf(links, node) !== url && isWell(links, node)),
  });
  links.connections.set(url, connection);
  return connection;
}

function urlOf(links: NodeLinks, node: NodeId): string | undefined {
  return links.addresses.get(node) ?? links.nodes.get(node)?.httpAddress;
}

/** Gives the connection to a node; undefined if the node has no address. */
export function apiOf(links: NodeLinks, node: NodeId): NodeConnection | undefined {
  const url = urlOf(links, node);
  return url ? connectionTo(links, url) : undefined;
}

/**
 * True if a node may be used: it has not failed, or has answered since. A node that answers too late is used as long as
 * no other is well.
 */
export function isUp(links: NodeLinks, node: NodeId, nowMs: number): boolean {
  const known = links.health.get(node);
  if (!known || isWell(links, node)) return true;
  const isLate = !known.isLeft && known.lateAtMs !== undefined && known.lateAtMs + LATE_MS > nowMs;
  return isLate && !isAnyWell(links);
}

/** True if a node has not failed, as far as is known, or has answered in time since. */
function isWell({ health }: NodeLinks, node: NodeId): boolean {
  const known = health.get(node);
  return !known || known.hasAnswered === true;
}

function isAnyWell(links: NodeLinks): boolean {
  return activeNodes(links).some(({ node }) => urlOf(links, node) && isWell(links, node));
}

/**
 * Notes that a node failed. A node that is down already has not failed once more: others have noted the same failure.
 * `toldMs`: the node has told this client to come again after so long.
 */
export function noteFailure(links: NodeLinks, node: NodeId, nowMs: number, toldMs = 0): void {
  // A node that was left for what it said stays left for longer than a failure would make it.
  if (isLeft(links, node, nowMs)) return;
  const known = links.health.get(node);
  if (known && !known.hasAnswered && nowMs < dueMs(links, known)) return;
  const isForgotten = known?.hasAnswered && known.failedAtMs + FORGET_MS < nowMs;
  const failures = (isForgotten ? 0 : (known?.failures ?? 0)) + 1;
  const toldUntilMs = nowMs + boundedWaitMs(toldMs);
  const restMs = LEAST_DOWN_MS + backoffMs({ ...DOWN, attempt: failures - 1, chance: Math.random });
  const downUntilMs = Math.max(toldUntilMs, nowMs + restMs);
  const late = known?.lateAtMs === undefined ? {} : { lateAtMs: known.lateAtMs };
  links.health.set(node, { failures, failedAtMs: nowMs, downUntilMs, toldUntilMs, ...late });
}

function noteInTime(links: NodeLinks, url: string): void {
  for (const node of nodesAt(links, url)) links.answeredAtMs.set(node, steadyMs());
}

/** True if a node has answered lately, also by a stream. */
export function hasAnsweredLately({ answeredAtMs }: NodeLinks, node: NodeId, nowMs: number): boolean {
  return (answeredAtMs.get(node) ?? Number.NEGATIVE_INFINITY) + LATELY_MS > nowMs;
}

/** Lists the active nodes, first those that are known to answer, for callers to whom any node is as good. */
export function answeringFirst(links: NodeLinks): KnownNode[] {
  const nowMs = steadyMs();
  const isThere = ({ node }: KnownNode) => hasAnsweredLately(links, node, nowMs) && isUp(links, node, nowMs);
  const nodes = activeNodes(links);
  return [...nodes.filter(isThere), ...nodes.filter((one) => !isThere(one))];
}

/** Notes that a node keeps a caller waiting, so that others need not wait for it. */
function noteSilence(links: NodeLinks, url: string): void {
  for (const node of nodesAt(links, url)) {
    if (!isWell(links, node)) continue;
    noteFailure(links, node, steadyMs());
    links.onChange();
  }
}

function noteLate(links: NodeLinks, url: string): void {
  for (const node of nodesAt(links, url)) {
    const known = links.health.get(node);
    if (!known || known.hasAnswered) continue;
    links.health.set(node, { ...known, lateAtMs: steadyMs() });
    links.onChange();
  }
}

function nodesAt(links: NodeLinks, url: string): NodeId[] {
  return activeNodes(links).flatMap(({ node }) => (urlOf(links, node) === url ? [node] : []));
}

/** When a node may be tried again, ms since 1970. */
function dueMs(links: NodeLinks, { isLeft, failedAtMs, downUntilMs, toldUntilMs = 0 }: Health): number {
  if (isLeft || isAnyWell(links)) return downUntilMs;
  return Math.max(toldUntilMs, Math.min(downUntilMs, failedAtMs + ALONE_DOWN_MS));
}

/** Lists the nodes that are no longer left alone and have not answered since they failed. */
export function nodesToTry(links: NodeLinks, nowMs: number): NodeId[] {
  return [...links.health].flatMap(([node, known]) =>
    !known.hasAnswered && dueMs(links, known) <= nowMs ? [node] : [],
  );
}

/** Notes that a node answers. Its earlier failures still count if it fails again soon. */
export function noteAnswer({ health, answeredAtMs }: NodeLinks, node: NodeId): void {
  answeredAtMs.set(node, steadyMs());
  const known = health.get(node);
  if (!known) return;
  const { failures, failedAtMs, downUntilMs } = known;
  health.set(node, { failures, failedAtMs, downUntilMs, hasAnswered: true });
}

/** Notes that a node did not tell all, or not the truth: this client reads elsewhere for a while. */
export function noteWithholding(links: NodeLinks, node: NodeId, nowMs: number): void {
  const downUntilMs = nowMs + WITHHELD_DOWN_MS;
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs, isLeft: true });
}

/** Notes that a node is far behind the others: this client reads elsewhere until it may have caught up. */
export function noteBehind(links: NodeLinks, node: NodeId, nowMs: number): void {
  if (isLeft(links, node, nowMs)) return;
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs: nowMs + BEHIND_DOWN_MS });
}

/**
 * Notes that nobody else has a node's blocks: this client reads elsewhere, twice as long each time, since otherwise an
 * operator with two such nodes could serve it by turns.
 */
export function noteUnshared(links: NodeLinks, node: NodeId, nowMs: number): void {
  if (isLeft(links, node, nowMs)) return;
  const known = links.unshared.get(node);
  const times = known && known.untilMs + WITHHELD_DOWN_MS > nowMs ? known.times + 1 : 1;
  const downUntilMs = nowMs + Math.min(WITHHELD_DOWN_MS, BEHIND_DOWN_MS * 2 ** (times - 1));
  links.unshared.set(node, { times, untilMs: downUntilMs });
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs });
}

/** True for a node that is left alone because nobody else had its blocks: others may have them by now. */
export function isUnshared({ unshared }: NodeLinks, node: NodeId, nowMs: number): boolean {
  return nowMs < (unshared.get(node)?.untilMs ?? 0);
}

/** True for a node that is left alone for what it said, and not because it does not answer. */
export function isLeft({ health }: NodeLinks, node: NodeId, nowMs: number): boolean {
  const known = health.get(node);
  return known?.isLeft === true && nowMs < known.downUntilMs;
}

/** Notes that a node does well: see `noteAnswer`. */
export function noteSuccess(links: NodeLinks, node: NodeId): void {
  // A node was left for what it said: that it answers changes nothing.
  if (!isLeft(links, node, steadyMs())) noteAnswer(links, node);
}

/**
 * Gives the milliseconds until the first of the nodes that are left alone may be tried again; undefined: there is none.
 */
export function nextRetryMs(links: NodeLinks, nowMs: number): number | undefined {
  const waits = [...links.health].flatMap(([node, known]) =>
    known.hasAnswered || links.trying.has(node) ? [] : [Math.max(0, dueMs(links, known) - nowMs)],
  );
  return waits.length === 0 ? undefined : Math.min(...waits);
}

export async function closeConnections(links: NodeLinks): Promise<void> {
  const connections = [...links.connections.values()];
  links.connections.clear();
  await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
}
