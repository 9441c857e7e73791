import type { InboxId } from "../../wire/ids.ts";
import { isStanding, relationKinds } from "../../wire/relation.ts";
import {
  type AgainRecord,
  compareKeys,
  keyOf,
  type MessageRecord,
  type Reaction,
} from "../records/timelineRecord.ts";
import { actingOn, deletionOf, editOf, type Relations, reactionsOf } from "./applyRelations.ts";

/** The records that stand in the timeline for a message: one where it is shown, one for each further epoch. */
export type Placed = readonly [MessageRecord, ...AgainRecord[]];

/** What a message's records are made of. */
export type PlacedMessage = Pick<MessageRecord, "id" | "content" | "openings" | "expiry" | "isExpired">;

/**
 * Makes the records that stand in the timeline for a message: one where it is shown, and a word in each further epoch
 * that it was opened in. All relations to it are to be given.
 */
export function placeMessage(params: { message: PlacedMessage; known: Relations }): Placed {
  const { message } = params;
  const known = actingOn(message, params.known);
  const { id, content, openings, expiry, isExpired } = message;
  const bare: MessageRecord = {
    ...{ kind: "message", id, content, openings, deleted: false },
    ...(expiry ? { expiry } : {}),
    ...(isExpired ? { isExpired } : {}),
  };
  const deleted = withDeletions({ record: bare, known });
  if (!isStanding(content) || isExpired) return deleted;
  const [epoch, author] = [openings[0].epoch, content.inbox];
  const reactions = [...Map.groupBy(known.relations, ({ inbox }) => inbox)].flatMap(([inbox, relations]) =>
    reactionsOf({ inbox, relations, epoch }),
  );
  const [record, ...again] = deleted;
  return [{ ...record, ...editOf({ author, known, epoch }), ...sortedReactions(reactions) }, ...again];
}

/**
 * Makes the records of a message anew after a relation to it has changed, which is of the kind `kind` and by `inbox`.
 * `known` has to hold all relations of this kind and inbox; for a deletion, all deletions.
 */
export function placeAgain(params: {
  record: MessageRecord;
  kind: number;
  inbox: InboxId;
  known: Relations;
}): Placed {
  const { record, kind, inbox } = params;
  const known = actingOn(record, params.known);
  const { content, openings } = record;
  if (kind === relationKinds.delete) return withDeletions({ record, known });
  if (!isStanding(content) || record.isExpired) return [record];
  const [epoch, author] = [openings[0].epoch, content.inbox];
  if (kind === relationKinds.edit) {
    if (inbox !== author) return [record];
    const { edit: _, ...first } = record;
    return [{ ...first, ...editOf({ author, known, epoch }) }];
  }
  const { reactions = [], ...rest } = record;
  const others = reactions.filter((one) => one.inbox !== inbox);
  return [
    {
      ...rest,
      ...sortedReactions([...others, ...reactionsOf({ inbox, relations: known.relations, epoch })]),
    },
  ];
}

function withDeletions({ record, known }: { record: MessageRecord; known: Relations }): Placed {
  const { id, content, openings } = record;
  const [{ epoch: shown }] = openings;
  const { isHidden: _, ...rest } = record;
  const stateIn = (epoch: number) =>
    isStanding(content)
      ? deletionOf({ author: content.inbox, relations: known.relations, epoch })
      : { deleted: false };
  const others = openings.filter(({ epoch }) => epoch !== shown);
  const again = [...Map.groupBy(others, ({ epoch }) => epoch)].map(([epoch, sealings]): AgainRecord => {
    const counting = sealings.filter(({ verdict }) => verdict === "counts");
    const entries = [...new Set(counting.map(({ entry }) => entry))].sort();
    const { deleted } = stateIn(epoch);
    return { kind: "again", id, epoch, depth: content.depth, entries, deleted };
  });
  return [{ ...rest, ...stateIn(shown) }, ...again];
}

function sortedReactions(reactions: readonly Reaction[]): Pick<MessageRecord, "reactions"> {
  if (reactions.length === 0) return {};
  return { reactions: reactions.toSorted(compareReactions) };
}

function compareReactions(a: Reaction, b: Reaction): number {
  if (a.inbox !== b.inbox) return a.inbox < b.inbox ? -1 : 1;
  return a.key < b.key ? -1 : 1;
}

/** True if one of the others stands in the same place. */
export function standsAmong(
  record: MessageRecord | AgainRecord,
  others: readonly (MessageRecord | AgainRecord)[],
): boolean {
  return others.some((one) => compareKeys(keyOf(one), keyOf(record)) === 0);
}
