import { steadyMs } from "../../clock/steadyMs.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { apiOf, countOperators, isLeft, isUnshared, isUp, type NodeLinks } from "../nodes/nodeLinks.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Witness } from "./witness.ts";

/**
 * A contradicted claim, as apps are told of it: `fact` names it, in words for people. If it is decided, two thirds of
 * the operators that were asked, or an endpoint that the app named, say otherwise, and the node is left for a while;
 * otherwise nobody can tell who is wrong, and nobody acts on it.
 */
export type Lie = {
  readonly node: NodeId;
  readonly fact: string;
  readonly said: string;
  readonly others: readonly { readonly by: string; readonly said: string }[];
  readonly isDecided: boolean;
};

/** What a node has taken back, the last time at this block, and how often in a row. */
export type Retraction = {
  readonly about: string;
  readonly block: number;
  readonly count: number;
  /** True if the node was silent about its claim at least one of these times. */
  readonly wasSilent: boolean;
};

/** The nodes and endpoints that a client can ask for a second word on the chain, and how that went so far. */
export type Witnesses = {
  readonly links: NodeLinks;
  /** Chains' RPCs that the app named: each decides alone. */
  readonly endpoints: readonly Endpoint[];
  /** True if the app said that the nodes of one operator are believed where the registry has no other. */
  readonly isOneOperatorEnough: boolean;
  readonly finalityBlocks: number;
  /** 32 bytes: see `openSecret`. */
  readonly secret: Uint8Array;
  /** Nodes that did not answer when they were last asked for a word. */
  readonly quiet: Map<NodeId, { readonly attempts: number; readonly untilMs: number }>;
  /** When each node was last waited for in vain when words of it were drawn, ms since 1970: see `readAgreed`. */
  readonly drawnInVain: Map<NodeId, number>;
  /** How often in a row each node has taken back its word on one fact: see `retractions.ts`. */
  readonly retractions: Map<NodeId, Retraction>;
  /** The earliest block of each serving node that a witness lacked: see `settleDoubt`. */
  readonly doubted: Map<NodeId, BlockRef>;
  /**
   * Since when each serving node has been far behind the others in what it serves, ms since 1970, by how many blocks it
   * was then, and what the newest block was: see `leaveIfBehind`.
   */
  readonly behind: Map<
    string,
    { readonly sinceMs: number; readonly blocks: number; readonly newest: number }
  >;
  /** What became of each group's last claim. */
  readonly testimonies: Map<GroupId, Testimony["kind"]>;
  /** When each lie was told to the app, ms since 1970. */
  readonly told: Map<string, number>;
  /** Hears of each node that is asked, for questions that not every node should hear. */
  readonly onAsk?: (node: NodeId) => void;
  /** Called when a claim is contradicted; `isDecided`: the node is left for a while. */
  readonly onLie: (lie: Lie) => void;
};

export type WitnessParams = Pick<
  Witnesses,
  "links" | "endpoints" | "isOneOperatorEnough" | "finalityBlocks" | "secret" | "onLie"
>;

export function createWitnesses(params: WitnessParams): Witnesses {
  return {
    ...params,
    quiet: new Map(),
    drawnInVain: new Map(),
    retractions: new Map(),
    doubted: new Map(),
    behind: new Map(),
    testimonies: new Map(),
    told: new Map(),
  };
}

/** Makes a witness of a node; undefined if the node has no address. */
export function nodeWitness(witnesses: Witnesses, node: NodeId): Witness | undefined {
  const { links, onAsk } = witnesses;
  const api = apiOf(links, node);
  const readWords: Witness["readWords"] | undefined =
    api &&
    (async (question, call) => {
      onAsk?.(node);
      return await api.readWords(question, call);
    });
  return readWords && { node, name: node, readWords };
}

/**
 * Lists the nodes that may be asked now, in their order; those that were left for what they said come last. Nodes that
 * did not answer are passed over for a while, unless it matters more than the time that asking takes.
 */
export function askable<T extends Operated>(
  witnesses: Witnesses,
  candidates: readonly T[],
  { withQuiet = false } = {},
): T[] {
  const { links, quiet } = witnesses;
  const now = steadyMs();
  const nodes = candidates.filter(({ node }) => !links.nodes.get(node)?.isUnconfirmed);
  const isHeard = (node: NodeId) => withQuiet || (quiet.get(node)?.untilMs ?? 0) <= now;
  const up = nodes.filter(({ node }) => isUp(links, node, now) && isHeard(node));
  const left = nodes.filter((one) => !up.includes(one) && isLeftForWords(links, one.node, now));
  return [...up, ...left];
}

/** True for a node that answers, but is not read by. */
function isLeftForWords(links: NodeLinks, node: NodeId, nowMs: number): boolean {
  return isLeft(links, node, nowMs) || isUnshared(links, node, nowMs);
}

/** True if the app has said that one operator is enough, and the registry, as far as it is known, has no second one. */
export function isOneEnough({ links, isOneOperatorEnough }: Witnesses): boolean {
  return isOneOperatorEnough && countOperators(links) <= 1;
}
