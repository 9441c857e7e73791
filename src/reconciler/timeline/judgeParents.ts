import { compareKeys, keyOf, type MessageRecord } from "../records/timelineRecord.ts";

export type ParentsVerdict =
  | "in-order"
  /** One stands in a later epoch than the message. */
  | "later-epoch"
  /** One is not shallower than the message, in the same epoch. */
  | "false-depth"
  /** One is not (yet) in this timeline. */
  | "missing";

/**
 * Tells how a message stands to the parents that it names. This never moves the message: order must not depend on
 * what has arrived. `undefined` in `parents`: not (yet) in this timeline. The first of these outcomes that applies is
 * given.
 */
export function judgeParents(params: {
  record: MessageRecord;
  parents: readonly (MessageRecord | undefined)[];
}): ParentsVerdict {
  const key = keyOf(params.record);
  const keys = params.parents.map((parent) => parent && keyOf(parent));
  if (keys.some((parent) => parent && parent.epoch > key.epoch)) return "later-epoch";
  if (keys.some((parent) => parent && compareKeys(parent, key) > 0)) return "false-depth";
  return keys.some((parent) => parent === undefined) ? "missing" : "in-order";
}
