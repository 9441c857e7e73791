import { WeftError } from "../../errors.ts";
import type { TimelineKey } from "../../reconciler/records/timelineRecord.ts";
import type { TimelineItem } from "../../reconciler/timeline/timelineItem.ts";
import {
  boundsIn,
  type ConversationKey,
  compareInConversation,
  conversationCursor,
  conversationKey,
  placeOfEpoch,
  placesOf,
  readConversationCursor,
} from "../../reconciler/view/conversationOrder.ts";
import type { Hex } from "../../wire/ids.ts";
import type { Group } from "../group/group.ts";

export type Range = { readonly after: TimelineKey | undefined; readonly before: TimelineKey | undefined };
/** A group, and what says where its epochs stand. */
type Placed = Pick<Group, "id"> & { readonly view: Pick<Group["view"], "entries"> };
type Keyed = { readonly key: ConversationKey; readonly item: TimelineItem };

/** Reads the groups of a direct conversation as one, in its order or from its end. Throws `bad-cursor`. */
export async function* directItems<One extends Placed>(params: {
  groups: readonly One[];
  after: Hex | undefined;
  before: Hex | undefined;
  isReverse: boolean;
  /** Reads one group's items in the order that is wanted; more than the range holds does no harm. */
  read: (group: One, range: Range) => AsyncIterable<TimelineItem>;
}): AsyncGenerator<TimelineItem> {
  const { groups, isReverse, read } = params;
  const after = params.after === undefined ? undefined : keyOfDirectCursor(groups, params.after);
  const before = params.before === undefined ? undefined : keyOfDirectCursor(groups, params.before);
  const isWithin = ({ key }: Keyed) =>
    (!after || compareInConversation(key, after) > 0) && (!before || compareInConversation(key, before) < 0);
  const sources = groups.map(async function* (group) {
    const place = { group: group.id, places: placesOf(group.view) };
    const range = {
      after: after && boundsIn({ ...place, at: after }).after,
      before: before && boundsIn({ ...place, at: before }).before,
    };
    for await (const item of read(group, range)) {
      const keyed = { key: conversationKey({ ...place, cursor: item.cursor }), item };
      if (isWithin(keyed)) yield keyed;
    }
  });
  const sign = isReverse ? -1 : 1;
  const compare = (a: Keyed, b: Keyed) => sign * compareInConversation(a.key, b.key);
  for await (const { key, item } of merged(sources, compare)) {
    yield { ...item, cursor: conversationCursor(key) };
  }
}

/** Finds the place of a cursor as it is now. Throws `bad-cursor` for one of another conversation. */
export function keyOfDirectCursor(groups: readonly Placed[], cursor: Hex): ConversationKey {
  const key = readConversationCursor(cursor);
  const group = groups.find(({ id }) => id === key.group);
  if (group) return { ...key, place: placeOfEpoch(placesOf(group.view), key.epoch) };
  throw new WeftError({ code: "bad-cursor", message: "a place in another conversation" });
}

/** Merges what is sorted. */
async function* merged<One>(
  sources: readonly AsyncGenerator<One>[],
  compare: (a: One, b: One) => number,
): AsyncGenerator<One> {
  try {
    const heads = await Promise.all(sources.map((source) => source.next()));
    for (;;) {
      let least = -1;
      for (const [i, head] of heads.entries()) {
        const best = heads[least];
        if (!head.done && (!best || best.done || compare(head.value, best.value) < 0)) least = i;
      }
      const [source, head] = [sources[least], heads[least]];
      if (!source || !head || head.done) return;
      yield head.value;
      heads[least] = await source.next();
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}
