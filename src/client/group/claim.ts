import type { LogEnd } from "../../reconciler/records/records.ts";
import type { GroupId, Hex, NodeId } from "../../wire/ids.ts";
import type { LogRange } from "../../wire/logRange.ts";

/**
 * What a node that serves a topic claims to have served: all that these logs have of it. `vector` is empty until the
 * node has said so for the first time.
 */
export type Claim = {
  readonly node: NodeId;
  readonly vector: readonly LogRange[];
  /** Since when the node serves the topic, ms since 1970. */
  readonly sinceMs: number;
  readonly asked: TopicsAsked;
};

/** How a node was asked for topics; one object for as long as it serves them. */
export type TopicsAsked = {
  readonly readings: TopicReadings;
  /**
   * By topic, what this client said that it had: the node does not show that. A topic that is missing: nobody can tell.
   */
  readonly had: Map<Hex, readonly LogEnd[]>;
};

/** How often each group's topic was begun to be read anew: see `Group.topicReadings`. */
export type TopicReadings = ReadonlyMap<GroupId, number>;
