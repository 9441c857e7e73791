import { type NodeId, toHex } from "../../wire/ids.ts";
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

const claims = new WeakMap<ClientCore, Map<string, Claim>>();

/** A node says that all of these topics is read. */
export function keepClaim(params: { core: ClientCore; topics: readonly Uint8Array[]; claim: Claim }): void {
  const { core, topics, claim } = params;
  const kept = claims.get(core) ?? new Map<string, Claim>();
  claims.set(core, kept);
  for (const topic of topics) kept.set(nameOf(topic, claim.node), claim);
}

/** The node does not serve them any more, or they are read anew. */
export function dropClaims(params: { core: ClientCore; topics: readonly Uint8Array[]; node: NodeId }): void {
  const { core, topics, node } = params;
  for (const topic of topics) claims.get(core)?.delete(nameOf(topic, node));
}

/** Of this node, or of whichever serves the topic. */
export function claimOf(params: { core: ClientCore; topic: Uint8Array; node?: NodeId }): Claim | undefined {
  const { core, topic, node } = params;
  const kept = claims.get(core);
  if (node !== undefined) return kept?.get(nameOf(topic, node));
  const name = toHex(topic);
  for (const [key, claim] of kept ?? []) if (key.startsWith(name)) return claim;
  return undefined;
}

function nameOf(topic: Uint8Array, node: NodeId): string {
  return `${toHex(topic)}/${node}`;
}
