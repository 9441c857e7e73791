import { type GroupId, type NodeId, toHex } from "../../wire/ids.ts";
import { parseTopic } from "../../wire/topic.ts";
import type { Claim } from "../group/claim.ts";
import type { CoreParts } from "../group/core.ts";

/** Keeps a node's claim that it has served all of these topics. */
export function keepClaim(params: {
  core: CoreParts<"claims">;
  topics: readonly Uint8Array[];
  claim: Claim;
}): void {
  const { core, topics, claim } = params;
  for (const topic of topics) {
    const name = toHex(topic);
    const ofTopic = core.claims.get(name) ?? new Map<NodeId, Claim>();
    core.claims.set(name, ofTopic.set(claim.node, claim));
  }
}

/** Drops a node's claims: it no longer serves these topics, or they are read anew. */
export function dropClaims(params: {
  core: CoreParts<"claims">;
  topics: readonly Uint8Array[];
  node: NodeId;
}): void {
  const { core, topics, node } = params;
  for (const topic of topics) {
    const name = toHex(topic);
    const ofTopic = core.claims.get(name);
    ofTopic?.delete(node);
    if (ofTopic?.size === 0) core.claims.delete(name);
  }
}

/** True while a claim's node goes on to serve a topic, and what it showed of it was not given up to be read anew. */
export function stands(params: {
  core: CoreParts<"claims" | "groups">;
  topic: Uint8Array;
  claim: Claim;
}): boolean {
  const { core, topic, claim } = params;
  const { kind, id } = parseTopic(topic);
  const { readings } = claim.asked;
  const group = kind === "group" ? core.groups.get(id as GroupId) : undefined;
  if (group && readings.get(group.id) !== group.topicReadings) return false;
  return claimOf({ core, topic, node: claim.node })?.asked === claim.asked;
}

/** Gives the claim of this node about a topic, or of any node that serves it; undefined: there is none. */
export function claimOf(params: {
  core: CoreParts<"claims">;
  topic: Uint8Array;
  node?: NodeId;
}): Claim | undefined {
  const { core, topic, node } = params;
  const ofTopic = core.claims.get(toHex(topic));
  return node === undefined ? ofTopic?.values().next().value : ofTopic?.get(node);
}
