import type { LogEnd } from "../../reconciler/records/records.ts";
import type { GroupId, Hex, NodeId } from "../../wire/ids.ts";
import type { LogRange } from "../../wire/logRange.ts";

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
