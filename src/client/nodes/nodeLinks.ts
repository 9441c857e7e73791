import { steadyMs } from "../../clock/steadyMs.ts";
import { type Backoff, backoffMs } from "../../reconciler/intents/backoff.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { type HeardTime, hearHead } from "./chainTime.ts";
import { guardNode } from "./guardNode.ts";
import { watchNode } from "./watchNode.ts";
import { createTickets, type Tickets } from "./withTicket.ts";

/** Nodes that do not reach each other, as an app or a test was told; a conversation stays on the side it is on. */
export type Reach = {
  readonly sides: readonly ReadonlySet<NodeId>[];
  readonly sideOf: Map<GroupId, ReadonlySet<NodeId>>;
};

/** How a node was doing when it was last tried; none for one that has not failed. */
type Health = {
  /** In a row: those that lie further apart than FORGET_MS are not counted together. */
  readonly failures: number;
  readonly failedAtMs: number;
  readonly downUntilMs: number;
  /** It answers, but not to be read by: it left something out, or what it said was contradicted. */
  readonly isLeft?: true;
  /** It has answered in time since, and is used again. */
  readonly hasAnswered?: true;
  /** It has answered since, too late: it is used where nobody else is left. */
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
  /** Those that are being tried again. */
  readonly trying: Set<NodeId>;
  /** Work that was done for nodes. */
  readonly tickets: Tickets;
  /** Called when nodes come or go. */
  readonly onChange: () => void;
  /** Undefined: all nodes reach each other. */
  reach: Reach | undefined;
};

/** How long a node that failed is left alone, and at most where no other is left. */
const DOWN: Backoff = { baseMs: 1_000, capMs: 15_000 };
const LEAST_DOWN_MS = 500;
const ALONE_DOWN_MS = 1_000;
/** What a node failed at is forgotten when it has done well for so long. */
const FORGET_MS = 60_000;
/** What a node answered longer ago shows nothing about now. */
const LATELY_MS = 10_000;
/** A node that answers too late counts as one that answers for so long. */
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
    trying: new Set(),
    tickets: createTickets(params.onWork),
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
  const connection = watchNode({
    connection: guardNode(links.connect({ url }), (head) => hearHead(links, { url, head })),
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

/** `undefined` for a node that has no address. */
export function apiOf(links: NodeLinks, node: NodeId): NodeConnection | undefined {
  const url = urlOf(links, node);
  return url ? connectionTo(links, url) : undefined;
}

/**
 * Whether a node may be used: it has not failed, or has answered since. One that answers too late is used as long as no
 * other is well.
 */
export function isUp(links: NodeLinks, node: NodeId, nowMs: number): boolean {
  const known = links.health.get(node);
  if (!known || isWell(links, node)) return true;
  const isLate = !known.isLeft && known.lateAtMs !== undefined && known.lateAtMs + LATE_MS > nowMs;
  return isLate && !isAnyWell(links);
}

/** As far as is known: it has not failed, or has answered in time since. */
function isWell({ health }: NodeLinks, node: NodeId): boolean {
  const known = health.get(node);
  return !known || known.hasAnswered === true;
}

function isAnyWell(links: NodeLinks): boolean {
  return activeNodes(links).some(({ node }) => urlOf(links, node) && isWell(links, node));
}

/** One that is down already, as others have noted at the same time, has not failed once more. */
export function noteFailure(links: NodeLinks, node: NodeId, nowMs: number): void {
  // What it was left for stays longer than what its failure makes of it.
  if (isLeft(links, node, nowMs)) return;
  const known = links.health.get(node);
  if (known && !known.hasAnswered && nowMs < dueMs(links, known)) return;
  const isForgotten = known?.hasAnswered && known.failedAtMs + FORGET_MS < nowMs;
  const failures = (isForgotten ? 0 : (known?.failures ?? 0)) + 1;
  const downUntilMs =
    nowMs + LEAST_DOWN_MS + backoffMs({ ...DOWN, attempt: failures - 1, chance: Math.random });
  const late = known?.lateAtMs === undefined ? {} : { lateAtMs: known.lateAtMs };
  links.health.set(node, { failures, failedAtMs: nowMs, downUntilMs, ...late });
}

function noteInTime(links: NodeLinks, url: string): void {
  for (const node of nodesAt(links, url)) links.answeredAtMs.set(node, steadyMs());
}

/** Also by a stream: it is there. */
export function hasAnsweredLately({ answeredAtMs }: NodeLinks, node: NodeId, nowMs: number): boolean {
  return (answeredAtMs.get(node) ?? Number.NEGATIVE_INFINITY) + LATELY_MS > nowMs;
}

/** The active nodes, first those of which it is known that they answer: for those to whom any is as good. */
export function answeringFirst(links: NodeLinks): KnownNode[] {
  const nowMs = steadyMs();
  const isThere = ({ node }: KnownNode) => hasAnsweredLately(links, node, nowMs) && isUp(links, node, nowMs);
  const nodes = activeNodes(links);
  return [...nodes.filter(isThere), ...nodes.filter((one) => !isThere(one))];
}

/** Whoever waits for a node tells those who would have to wait for it next. */
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

/** When it may be tried again, ms since 1970. */
function dueMs(links: NodeLinks, { isLeft, failedAtMs, downUntilMs }: Health): number {
  return isLeft || isAnyWell(links) ? downUntilMs : Math.min(downUntilMs, failedAtMs + ALONE_DOWN_MS);
}

/** Nodes that are left alone no longer and have not answered since. */
export function nodesToTry(links: NodeLinks, nowMs: number): NodeId[] {
  return [...links.health].flatMap(([node, known]) =>
    !known.hasAnswered && dueMs(links, known) <= nowMs ? [node] : [],
  );
}

/** What it failed at before is still counted, should it fail again soon. */
export function noteAnswer({ health, answeredAtMs }: NodeLinks, node: NodeId): void {
  answeredAtMs.set(node, steadyMs());
  const known = health.get(node);
  if (!known) return;
  const { failures, failedAtMs, downUntilMs } = known;
  health.set(node, { failures, failedAtMs, downUntilMs, hasAnswered: true });
}

/** The node did not tell all, or not the truth: this client reads elsewhere for a while. */
export function noteWithholding(links: NodeLinks, node: NodeId, nowMs: number): void {
  const downUntilMs = nowMs + WITHHELD_DOWN_MS;
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs, isLeft: true });
}

/** The node is far behind the others: this client reads elsewhere until it may have caught up. */
export function noteBehind(links: NodeLinks, node: NodeId, nowMs: number): void {
  if (isLeft(links, node, nowMs)) return;
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs: nowMs + BEHIND_DOWN_MS });
}

/**
 * Nobody else has the node's blocks: this client reads elsewhere, twice as long each time, for an operator with two such
 * nodes could serve it by turns else.
 */
export function noteUnshared(links: NodeLinks, node: NodeId, nowMs: number): void {
  if (isLeft(links, node, nowMs)) return;
  const known = links.unshared.get(node);
  const times = known && known.untilMs + WITHHELD_DOWN_MS > nowMs ? known.times + 1 : 1;
  const downUntilMs = nowMs + Math.min(WITHHELD_DOWN_MS, BEHIND_DOWN_MS * 2 ** (times - 1));
  links.unshared.set(node, { times, untilMs: downUntilMs });
  links.health.set(node, { failures: 1, failedAtMs: nowMs, downUntilMs });
}

/** True for a node that is left alone since nobody else had its blocks: others may have them by now. */
export function isUnshared({ unshared }: NodeLinks, node: NodeId, nowMs: number): boolean {
  return nowMs < (unshared.get(node)?.untilMs ?? 0);
}

/** True for a node that is left alone for what it said, and not because it does not answer. */
export function isLeft({ health }: NodeLinks, node: NodeId, nowMs: number): boolean {
  const known = health.get(node);
  return known?.isLeft === true && nowMs < known.downUntilMs;
}

/** It does well: see `noteAnswer`. */
export function noteSuccess(links: NodeLinks, node: NodeId): void {
  // That it answers is not what it was left for.
  if (!isLeft(links, node, steadyMs())) noteAnswer(links, node);
}

/** When the first of the nodes that are left alone may be tried again. */
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
