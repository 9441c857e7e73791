import type { Claim } from "../../reconciler/witness/fact.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { Witnesses } from "./witnesses.ts";

/** What is needed to have a claim confirmed. */
export type Hearing = {
  readonly witnesses: Witnesses;
  /** Nodes that may be asked, best first. */
  readonly ranked: readonly Operated[];
  /** Further nodes, which are asked only where others contradict each other. */
  readonly inDispute?: readonly Operated[] | undefined;
  /** The node whose claim it is. */
  readonly serving: NodeId;
  readonly claim: Claim;
  /** The group that the node serves, if the claim is about one. */
  readonly group?: GroupId | undefined;
  /** The newest head that the node names, if its claim is of an earlier one. */
  readonly told?: Claim["head"] | undefined;
  readonly signal: AbortSignal;
};

/** How long one witness may lack the block, or not answer, before the next one is asked. */
export const PATIENCE_MS = 1_000;
