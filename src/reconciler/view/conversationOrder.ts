import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import { u32, u64 } from "../../wire/bytes.ts";
import { asId, fromHex, type GroupId, type Hex, ID_BYTES, toHex } from "../../wire/ids.ts";
import { compareEntries } from "../branch/compareEntries.ts";
import { compareKeys, endOf, type TimelineKey } from "../records/timelineRecord.ts";
import { keyOfCursor } from "../timeline/timelineItem.ts";
import type { GroupView } from "./viewOfGroup.ts";

/**
 * The groups of a direct conversation are read as one: in the order of the places on the chain of the entries that
 * opened the epochs, and within an epoch as ever. What stands in an epoch whose entry a reorganization took, and what
 * waits to be sealed, comes last.
 */
export type ConversationKey = TimelineKey & { readonly place: ChainPlace; readonly group: GroupId };

/** Where an entry stands on the chain. */
export type ChainPlace = { readonly block: { readonly number: number }; readonly logIndex: number };

/** The places of a group's epochs, by epoch in ascending order. */
export type EpochPlaces = ReadonlyMap<number, ChainPlace>;

const BEFORE_ALL: ChainPlace = { block: { number: 0 }, logIndex: 0 };
const AFTER_ALL: ChainPlace = { block: { number: Number.MAX_SAFE_INTEGER }, logIndex: 2 ** 32 - 1 };
/** Block (u64), place in the block (u32), epoch (u64), rank (u32), group, id: sorts as the conversation does. */
const GROUP_AT = 8 + 4 + 8 + 4;
const CURSOR_BYTES = GROUP_AT + 2 * ID_BYTES;

const known = new WeakMap<GroupView["entries"], EpochPlaces>();

/** Lists the places of the entries that opened a group's epochs, as far as they are on the chain. */
export function placesOf({ entries }: Pick<GroupView, "entries">): EpochPlaces {
  const places = known.get(entries);
  if (places) return places;
  const found: [number, ChainPlace][] = [...entries.values()].flatMap((entry) => {
    const { verdict } = entry;
    const isOpen = verdict.kind === "adopted" || verdict.kind === "before-start";
    return isOpen ? [[verdict.epoch, entry]] : [];
  });
  const sorted = new Map(found.sort(([a], [b]) => a - b));
  known.set(entries, sorted);
  return sorted;
}

/** Gives the place of an epoch; of one whose entry is not there, that of the last epoch before it. */
export function placeOfEpoch(places: EpochPlaces, epoch: number): ChainPlace {
  const there = places.get(epoch);
  if (there) return there;
  let place = BEFORE_ALL;
  let isLast = true;
  for (const [one, at] of places) {
    if (one > epoch) {
      isLast = false;
      break;
    }
    place = at;
  }
  return isLast ? AFTER_ALL : place;
}

/** The order of a conversation, for `Array.sort`. */
export function compareInConversation(a: ConversationKey, b: ConversationKey): number {
  const inGroup = a.epoch - b.epoch || a.rank - b.rank;
  const acrossGroups = a.group < b.group ? -1 : a.group > b.group ? 1 : 0;
  return compareEntries(a.place, b.place) || inGroup || acrossGroups || compareKeys(a, b);
}

/** Gives the place in a conversation of what stands at a cursor of one of its groups. */
export function conversationKey(params: {
  group: GroupId;
  places: EpochPlaces;
  cursor: Hex;
}): ConversationKey {
  const { group, places, cursor } = params;
  const key = keyOfCursor(cursor);
  return { ...key, group, place: placeOfEpoch(places, key.epoch) };
}

/** The cursor of a direct conversation's item. */
export function conversationCursor({ place, epoch, rank, group, id }: ConversationKey): Hex {
  const at = concatBytes(u64(place.block.number), u32(place.logIndex), u64(epoch), u32(rank));
  return toHex(concatBytes(at, fromHex(group), fromHex(id)));
}

/** Reads a direct conversation's cursor: the group and the key in its timeline. Throws `bad-cursor`. */
export function readConversationCursor(cursor: Hex): TimelineKey & { readonly group: GroupId } {
  const isCursor = /^0x[0-9a-f]*$/.test(cursor) && cursor.length === 2 + 2 * CURSOR_BYTES;
  if (!isCursor) throw new WeftError({ code: "bad-cursor", message: "not a place in a direct conversation" });
  const bytes = fromHex(cursor);
  const group = asId<GroupId>(bytes.slice(GROUP_AT, GROUP_AT + ID_BYTES));
  const inGroup = concatBytes(bytes.subarray(12, GROUP_AT), bytes.subarray(GROUP_AT + ID_BYTES));
  return { ...keyOfCursor(toHex(inGroup)), group };
}

/**
 * Narrows where in a group's timeline those records stand that come after a place of the conversation (or before it):
 * between these keys, some of them on the wrong side of the place. For the place's own group the bounds are exact.
 */
export function boundsIn(params: { group: GroupId; places: EpochPlaces; at: ConversationKey }): {
  readonly after: TimelineKey | undefined;
  readonly before: TimelineKey | undefined;
} {
  const { group, places, at } = params;
  if (group === at.group) return { after: at, before: at };
  const earlier = [...places].filter(([, place]) => compareEntries(place, at.place) < 0).at(-1);
  const later = [...places].find(([, place]) => compareEntries(place, at.place) > 0);
  return {
    after: earlier && endOf(earlier[0]),
    before: later && { epoch: later[0], rank: 0, id: LEAST_ID },
  };
}

const LEAST_ID: Hex = `0x${"00".repeat(ID_BYTES)}`;
