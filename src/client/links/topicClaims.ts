import type { LogEnd } from "../../reconciler/records/records.ts";
import { type GroupId, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import type { LogRange } from "../../wire/logRange.ts";
import { parseTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../group/core.ts";

/**
 * What a node that serves a topic has said to have served: all that these logs have of it. `vector` is empty until it
 * has said so for the first time.
 */
export type Claim = {
  readonly node: NodeId;
  readonly vector: readonly LogRange[];
  /** Since when it serves, ms since 1970. */
  readonly sinceMs: number;
  readonly asked: TopicsAsked;
};

/** How a node was asked for topics; one object for as long as it serves them. */
export type TopicsAsked = {
  readonly readings: TopicReadings;
  /** By topic, what this client said to have: whoever serves does not show that. Not there: nobody can tell. */
  readonly had: Map<Hex, readonly LogEnd[]>;
};

/** By group: see `Group.topicReadings`. */
export type TopicReadings = ReadonlyMap<GroupId, number>;

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

/** True while a claim's node goes on to serve a topic, and what it showed of it has not been given up to be read anew. */
export function stands(params: { core: ClientCore; topic: Uint8Array; claim: Claim }): boolean {
  const { core, topic, claim } = params;
  const { kind, id } = parseTopic(topic);
  const { readings } = claim.asked;
  const group = kind === "group" ? core.groups.get(id as GroupId) : undefined;
  if (group && readings.get(group.id) !== group.topicReadings) return false;
  return claimOf({ core, topic, node: claim.node })?.asked === claim.asked;
}

/** Of this node, or of whichever serves the topic. */
export function claimOf(params: { core: ClientCore; topic: Uint8Array; node?: NodeId }): Claim | undefined {
  const { core, topic, node } = params;
  const ofTopic = claims.get(core)?.get(toHex(topic));
  return node === undefined ? ofTopic?.values().next().value : ofTopic?.get(node);
}
