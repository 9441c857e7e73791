import type { ReadableItem } from "../../reconciler/timeline/timelineItem.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { utf8 } from "../../wire/bytes.ts";
import type { GroupId, MessageId } from "../../wire/ids.ts";
import type { ReadableChange } from "./readableChanges.ts";
import { tables } from "./tables.ts";
import { folded, pairsOf, wordsOf } from "./wordsOf.ts";

/** Words of one message that are found: the first ones, so that nobody fills the index with one long text. */
const MAX_WORDS_PER_MESSAGE = 256;
const EMPTY = new Uint8Array(0);
const KEY_BYTES = 16;

/** What stands in the index for every message that can be read. */
export const EVERY_MESSAGE = new Uint8Array(KEY_BYTES);

/** The beginning of a word in UTF-8, filled up with zeros: longer words share it, so whoever finds one compares. */
export function wordKey(word: string): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  key.set(utf8(word).subarray(0, KEY_BYTES));
  return key;
}

/**
 * What a batch changes in the index of words: each message that can be read stands under its words as it shows them
 * now. What can be read no more leaves no word behind.
 */
export function wordWrites(params: {
  group: GroupId;
  changes: ReadonlyMap<MessageId, ReadableChange>;
}): Write[] {
  const { group, changes } = params;
  return [...changes].flatMap(([id, { before, after }]) => {
    const sentAtMs = (after ?? before)?.item.sentAtMs;
    if (sentAtMs === undefined || before?.item.text === after?.item.text) return [];
    const [gone, come] = [keysOf(before?.item), keysOf(after?.item)];
    const place = { at: sentAtMs, group, id };
    return [
      ...[...gone].flatMap(([name, word]) => (come.has(name) ? [] : [tables.word.del({ word, ...place })])),
      ...[...come].flatMap(([name, word]) =>
        gone.has(name) ? [] : [tables.word.put({ word, ...place }, EMPTY)],
      ),
    ];
  });
}

/** The keys of a message, by what tells them apart. */
function keysOf(item: ReadableItem | undefined): ReadonlyMap<string, Uint8Array> {
  if (!item) return new Map();
  const { words, runs } = wordsOf(folded(item.text));
  // The last character of a run begins no pair.
  const parts = runs.flatMap((run) => [...pairsOf(run), ...[...run].slice(-1)]);
  const distinct = [...new Set([...words, ...parts])].slice(0, MAX_WORDS_PER_MESSAGE);
  const keys = [EVERY_MESSAGE, ...distinct.map(wordKey)];
  return new Map(keys.map((key) => [key.join(), key]));
}
