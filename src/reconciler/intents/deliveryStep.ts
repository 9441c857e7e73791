import type { Address, NodeId } from "../../wire/ids.ts";
import type { Publication } from "../view/viewOfGroup.ts";

export type Delivery =
  /** At once to each of these nodes. */
  | {
      readonly kind: "publish";
      readonly nodes: readonly NodeId[];
      readonly publications: readonly Publication[];
    }
  | { readonly kind: "look-for"; readonly node: NodeId; readonly publications: readonly Publication[] }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "idle" };

/** A conversation's node, as far as delivery needs to know it. */
export type DeliveryNode = {
  readonly node: NodeId;
  readonly operator: Address;
  /** The node answers, as far as is known. */
  readonly isUp: boolean;
};

/** The time after which an envelope that no second node has seen is offered to that node. */
export const OFFER_AGAIN_MS = 30_000;
const RETRY_MS = 500;

/**
 * Plans the next step for envelopes on their way. *Acknowledged*: one node has the envelope on disk. *Delivered*: a
 * second node in rank that answers, of another operator if there is one, has given its signed word that it has the
 * envelope, too, or there is no other node. Pure.
 */
export function deliveryStep(params: {
  /** In the order of the outbox. */
  publications: readonly Publication[];
  /** Best first. */
  ranked: readonly DeliveryNode[];
  /** How many nodes get an envelope at once. */
  mirrors: number;
  hasRefused: (publication: Publication, node: NodeId) => boolean;
  /** The node has told this client to come again later with this envelope. */
  isToWait: (publication: Publication, node: NodeId) => boolean;
  nowMs: number;
}): Delivery {
  const { publications, ranked, isToWait, nowMs } = params;
  const up = ranked.filter(({ isUp }) => isUp).map(({ node }) => node);
  if (publications.length === 0) return { kind: "idle" };
  if (up.length === 0) return { kind: "wait", ms: RETRY_MS };
  const pending = publications.filter(
    (one) => one.record.state === "pending" && !up.every((node) => isToWait(one, node)),
  );
  if (pending.length > 0) return publishStep({ ...params, pending, up });
  const acknowledged = publications.filter(({ record }) => record.state === "acknowledged");
  const by = acknowledged[0]?.record.node;
  const second = secondNode({ ranked, by });
  if (second === undefined) return { kind: "wait", ms: RETRY_MS };
  const same = acknowledged.filter(({ record }) => record.node === by);
  const overdue = same.filter(
    (one) => one.record.acknowledgedAtMs + OFFER_AGAIN_MS <= nowMs && !isToWait(one, second),
  );
  if (overdue.length > 0) return { kind: "publish", nodes: [second], publications: overdue };
  return same.length > 0
    ? { kind: "look-for", node: second, publications: same }
    : { kind: "wait", ms: RETRY_MS };
}

/**
 * Publishes to the first nodes that have not refused the envelope; once all nodes have refused it, to the first ones
 * again. A node that has told this client to wait gets nothing before that time.
 */
function publishStep(params: {
  pending: readonly Publication[];
  up: readonly NodeId[];
  mirrors: number;
  hasRefused: (publication: Publication, node: NodeId) => boolean;
  isToWait: (publication: Publication, node: NodeId) => boolean;
}): Delivery {
  const { pending, up, mirrors, hasRefused, isToWait } = params;
  const nodesOf = (publication: Publication): readonly NodeId[] => {
    const free = up.filter((node) => !isToWait(publication, node));
    const willing = free.filter((node) => !hasRefused(publication, node));
    return (willing.length > 0 ? willing : free).slice(0, mirrors);
  };
  const nodes = pending[0] ? nodesOf(pending[0]) : [];
  const same = pending.filter((one) => nodesOf(one).join() === nodes.join());
  return { kind: "publish", nodes, publications: same };
}

/**
 * Finds the node whose word makes an envelope delivered that `by` has: a node of another operator, unless there is only
 * one operator.
 */
function secondNode(params: { ranked: readonly DeliveryNode[]; by: NodeId | undefined }): NodeId | undefined {
  const { ranked, by } = params;
  return ranked.find(({ node, isUp }) => isUp && by !== undefined && isSecond({ ranked, first: by, node }))
    ?.node;
}

/**
 * True if a node counts as the second one to have an envelope: two nodes of one operator count as one where there is
 * another operator.
 */
export function isSecond(params: {
  ranked: readonly Pick<DeliveryNode, "node" | "operator">[];
  first: NodeId;
  node: NodeId;
}): boolean {
  const { ranked, first, node } = params;
  if (node === first) return false;
  const operatorOf = (id: NodeId) => ranked.find((one) => one.node === id)?.operator;
  const own = operatorOf(first);
  const hasOther = ranked.some(({ operator }) => operator !== own);
  return own === undefined || !hasOther || operatorOf(node) !== own;
}

/** Computes a publication after a node's receipt or signed word. `isEnough`: this makes the envelope delivered. */
export function publicationAfter(params: {
  publication: Publication;
  node: NodeId;
  isEnough: boolean;
  nowMs: number;
}): Publication {
  const { publication, node, isEnough, nowMs } = params;
  const { record } = publication;
  const state = isEnough || record.state === "delivered" ? "delivered" : "acknowledged";
  // An envelope that was offered once more is looked for before it is offered again.
  return { ...publication, record: { ...record, state, node: record.node ?? node, acknowledgedAtMs: nowMs } };
}
