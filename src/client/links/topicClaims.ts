import { type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import type { LogRange } from "../../wire/logRange.ts";
import type { ClientCore } from "../core.ts";

/**
 * What a node that serves a topic has said to have served: all that these logs have of it. `vector` is empty until it
 * has said so for the first time.
 */
export type Claim = {
  readonly node: NodeId;
  readonly vector: readonly LogRange[];
  /** Since when it serves, ms since 1970. */
  readonly sinceMs: number;
};

const claims = new WeakMap<ClientCore, Map<Hex, Map<NodeId, Claim>>>();

/** A node says that all of these topics is read. */
export function keepClaim(params: { core: ClientCore; topics: readonly Uint8Array[]; claim: Claim }): void {
  const { core, topics, claim } = params;
  const kept = claims.get(core) ?? new Map<Hex, Map<NodeId, Claim>>();
  claims.set(core, kept);
  for (const topic of topics) {
    const name = toHex(topic);
    const ofTopic = kept.get(name) ?? new Map<NodeId, Claim>();
    kept.set(name, ofTopic.set(claim.node, claim));
  }
}

/** The node does not serve them any more, or they are read anew. */
export function dropClaims(params: { core: ClientCore; topics: readonly Uint8Array[]; node: NodeId }): void {
  const { core, topics, node } = params;
  for (const topic of topics) {
    const name = toHex(topic);
    const ofTopic = claims.get(core)?.get(name);
    ofTopic?.delete(node);
    if (ofTopic?.size === 0) claims.get(core)?.delete(name);
  }
}

/** Of this node, or of whichever serves the topic. */
export function claimOf(params: { core: ClientCore; topic: Uint8Array; node?: NodeId }): Claim | undefined {
  const { core, topic, node } = params;
  const ofTopic = claims.get(core)?.get(toHex(topic));
  return node === undefined ? ofTopic?.values().next().value : ofTopic?.get(node);
}
