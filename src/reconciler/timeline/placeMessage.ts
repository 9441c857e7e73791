import {
  type AgainRecord,
  compareKeys,
  type Deletion,
  keyOf,
  type MessageRecord,
} from "../records/timelineRecord.ts";
import { isDeleted } from "./isDeleted.ts";

/**
 * Makes the records that stand in the timeline for a message: one where it is shown, and a word in each further epoch
 * that it was opened in.
 */
export function placeMessage(params: {
  message: Pick<MessageRecord, "id" | "content" | "openings">;
  deletions: readonly Deletion[];
}): readonly [MessageRecord, ...AgainRecord[]] {
  const { message, deletions } = params;
  const { id, content, openings } = message;
  const [{ epoch: shown }] = openings;
  const isGone = (epoch: number) => isDeleted({ author: content.inbox, deletions, epoch });
  const others = openings.filter(({ epoch }) => epoch !== shown);
  const again = [...Map.groupBy(others, ({ epoch }) => epoch)].map(([epoch, sealings]): AgainRecord => {
    const counting = sealings.filter(({ verdict }) => verdict === "counts");
    const entries = [...new Set(counting.map(({ entry }) => entry))].sort();
    return { kind: "again", id, epoch, depth: content.depth, entries, deleted: isGone(epoch) };
  });
  return [{ kind: "message", id, content, openings, deleted: isGone(shown) }, ...again];
}

/** True if one of the others stands in the same place. */
export function standsAmong(
  record: MessageRecord | AgainRecord,
  others: readonly (MessageRecord | AgainRecord)[],
): boolean {
  return others.some((one) => compareKeys(keyOf(one), keyOf(record)) === 0);
}
