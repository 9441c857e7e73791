import type { NodeId } from "../../wire/ids.ts";
import type { Publication } from "../groups/group.ts";

export type Delivery =
  | {
      readonly kind: "publish" | "look-for";
      readonly node: NodeId;
      readonly publications: readonly Publication[];
    }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "idle" };

/** An envelope that no second node has seen by then is offered to that node. */
export const OFFER_AGAIN_MS = 30_000;
const RETRY_MS = 500;

/**
 * The next step for envelopes on their way. *Acknowledged*: one node has it on disk. *Delivered*: the next-ranked node
 * that answers has it, too, or the network has no other. Pure.
 */
export function deliveryStep(params: {
  /** In the order of the outbox. */
  publications: readonly Publication[];
  /** Best first. */
  ranked: readonly NodeId[];
  up: ReadonlySet<NodeId>;
  nowMs: number;
}): Delivery {
  const { publications, ranked, up, nowMs } = params;
  const [first, ...rest] = ranked.filter((node) => up.has(node));
  if (publications.length === 0) return { kind: "idle" };
  if (first === undefined) return { kind: "wait", ms: RETRY_MS };
  const pending = publications.filter(({ record }) => record.state === "pending");
  if (pending.length > 0) return { kind: "publish", node: first, publications: pending };
  const seconds = [first, ...rest];
  const acknowledged = publications.filter(({ record }) => record.state === "acknowledged");
  const by = acknowledged[0]?.record.node;
  const second = seconds.find((node) => node !== by);
  if (second === undefined) return { kind: "wait", ms: RETRY_MS };
  const same = acknowledged.filter(({ record }) => record.node === by);
  const overdue = same.filter(({ record }) => record.acknowledgedAtMs + OFFER_AGAIN_MS <= nowMs);
  if (overdue.length > 0) return { kind: "publish", node: second, publications: overdue };
  return same.length > 0
    ? { kind: "look-for", node: second, publications: same }
    : { kind: "wait", ms: RETRY_MS };
}

/** A publication after a node's word. */
export function publicationAfter(params: {
  publication: Publication;
  state: "acknowledged" | "delivered";
  node?: NodeId;
  nowMs: number;
}): Publication {
  const { publication, state, node, nowMs } = params;
  const { record } = publication;
  const isSecond = state === "acknowledged" && record.node !== undefined && record.node !== node;
  return {
    ...publication,
    record: {
      ...record,
      state: isSecond ? "delivered" : state,
      node: record.node ?? node,
      acknowledgedAtMs: record.acknowledgedAtMs || nowMs,
    },
  };
}
