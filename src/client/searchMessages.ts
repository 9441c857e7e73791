import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { type ReadableItem, showReadable } from "../reconciler/timeline/timelineItem.ts";
import { u64, utf8 } from "../wire/bytes.ts";
import { asId, fromHex, type GroupId, type Hex, ID_BYTES, type MessageId, toHex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import { folded, pairsOf, wordsOf } from "./database/wordsOf.ts";
import { EVERY_MESSAGE, wordKey } from "./database/wordWrites.ts";
import { isBlocked } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import { isHeard } from "./group/isHeard.ts";
import { readMessage } from "./messages/readMessage.ts";

/** A message that was found, as it stands now. */
export type FoundMessage = ReadableItem & { readonly group: GroupId };

/** Rows of the index that one search reads; with `next` it goes on from there. */
const MAX_ROWS_READ = 20_000;
/** A beginning of so many words is looked for in the messages themselves. */
const MAX_WORDS_OF_PREFIX = 64;
const FIRST_PAGE = 16;
const LAST_PAGE = 256;
const DEFAULT_LIMIT = 50;

/** A place in the index; `at` is the sender's clock. The last messages come first. */
type Place = { readonly at: number; readonly group: GroupId; readonly id: Hex };
/** Gives the first place after a place, in the order in which messages are given. */
type Source = (before: Place) => Promise<Place | undefined>;
type Budget = { rows: number };

const ZERO = asId<GroupId>(new Uint8Array(ID_BYTES));
const LAST = asId<GroupId>(new Uint8Array(ID_BYTES).fill(0xff));
const PLACE_BYTES = 8 + 2 * ID_BYTES;

/**
 * Finds messages of the local database, those that were sent last first: messages that show all words of `text`, of the
 * last of which the beginning is enough, and that were sent from `from` on and before `to`. Words are compared without
 * regard to case, to forms of a character (NFKC) and to what stands between them. Where a script puts no spaces, the
 * text has to hold the run of characters as it is. Times are those of the senders' clocks.
 *
 * What is blocked is not found, and of requests only the one that is named. It reads what it gives and little more, and stops after `limit` messages or MAX_ROWS_READ rows of its index: then
 * `next` is where the next page begins (`before`), also if this page has fewer messages. Throws `bad-cursor`,
 * `bad-config` for a limit or time that is none.
 */
export async function searchMessages(params: {
  client: Client;
  text?: string;
  /** Milliseconds since 1970. */
  from?: number;
  to?: number;
  group?: GroupId;
  limit?: number;
  /** The `next` of the page before. */
  before?: Hex;
}): Promise<{ readonly found: readonly FoundMessage[]; readonly next: Hex | undefined }> {
  const { client, text = "", from = 0, to = Number.MAX_SAFE_INTEGER, group, limit = DEFAULT_LIMIT } = params;
  for (const number of [from, to, limit]) checkNumber(number);
  const core = coreOf(client);
  const budget: Budget = { rows: MAX_ROWS_READ };
  const query = queryOf(text);
  if (text.trim() !== "" && !hasWords(query)) return { found: [], next: undefined };
  const sources = await sourcesOf({ core, query, budget });
  let before: Place = { at: to, group: ZERO, id: ZERO };
  if (params.before !== undefined) before = earlier(before, placeOfCursor(params.before));
  const found: FoundMessage[] = [];
  while (found.length < limit) {
    const place = await nextCommon({ sources, before, budget });
    if (place === undefined || place.at < from) return { found, next: undefined };
    // It is not known yet whether all have the place: the next page begins with it.
    if (budget.rows <= 0) return { found, next: cursorOf(justAfter(place)) };
    before = place;
    const isWanted =
      group === undefined ? isHeard({ core, group: place.group, requests: false }) : group === place.group;
    const message = isWanted ? await read({ core, place }) : undefined;
    if (message && shows(message.text, query)) found.push(message);
  }
  return { found, next: cursorOf(before) };
}

type Query = {
  readonly words: readonly string[];
  readonly runs: readonly string[];
  /** A word of which the beginning is enough. */
  readonly prefix: string | undefined;
};

/** Whoever looks for a single character of a script without spaces looks for a beginning of a pair, too. */
function queryOf(text: string): Query {
  const { words, runs, endsInRun } = wordsOf(folded(text));
  const prefix = endsInRun ? undefined : words.at(-1);
  return { words: prefix === undefined ? words : words.slice(0, -1), runs, prefix };
}

function hasWords({ words, runs, prefix }: Query): boolean {
  return words.length + runs.length > 0 || prefix !== undefined;
}

/** True if a text shows all that is looked for: the index knows beginnings and pairs only. */
function shows(text: string, query: Query): boolean {
  const { prefix } = query;
  const all = folded(text);
  const words = new Set(wordsOf(all).words);
  return (
    query.words.every((word) => words.has(word)) &&
    query.runs.every((run) => all.includes(run)) &&
    (prefix === undefined || [...words].some((word) => word.startsWith(prefix)))
  );
}

/** One source for each thing that is looked for; without any, all messages. */
async function sourcesOf(params: {
  core: CoreParts<"database">;
  query: Query;
  budget: Budget;
}): Promise<Source[]> {
  const { core, query, budget } = params;
  const open = (word: Uint8Array) => sourceOf({ core, word, budget });
  const [single, pairs] = [new Set<string>(), new Set<string>()];
  for (const run of query.runs)
    for (const pair of pairsOf(run)) ([...pair].length > 1 ? pairs : single).add(pair);
  const beginnings = [...single, ...(query.prefix === undefined ? [] : [query.prefix])];
  const sources = [...query.words, ...pairs].map((word) => open(wordKey(word)));
  for (const beginning of beginnings) {
    const words = await wordsFrom({ core, beginning });
    if (words) sources.push(latestOf(words.map(open)));
  }
  return sources.length > 0 ? sources : [open(EVERY_MESSAGE)];
}

/** The words of the index that begin so; `undefined` if they are too many. */
async function wordsFrom(params: {
  core: CoreParts<"database">;
  beginning: string;
}): Promise<Uint8Array[] | undefined> {
  const { database } = params.core;
  const wanted = utf8(params.beginning).subarray(0, EVERY_MESSAGE.length);
  const words: Uint8Array[] = [];
  let after = { word: wordKey(params.beginning), at: 0, group: ZERO, id: ZERO };
  for (;;) {
    let word: Uint8Array | undefined;
    for await (const { fields } of tables.word.rows(database, { after, limit: 1 })) word = fields.word;
    if (!word || !wanted.every((byte, i) => byte === word[i])) return words;
    if (words.length === MAX_WORDS_OF_PREFIX) return undefined;
    words.push(word);
    after = { word, at: Number.MAX_SAFE_INTEGER, group: LAST, id: LAST };
  }
}

/** Reads the messages under one word in pages, which grow where nothing is skipped. */
function sourceOf(params: { core: CoreParts<"database">; word: Uint8Array; budget: Budget }): Source {
  const { core, word, budget } = params;
  let page: Place[] = [];
  let size = FIRST_PAGE;
  let isLast = false;
  return async (before) => {
    const at = page.findIndex((place) => compare(place, before) < 0);
    page = at < 0 ? [] : page.slice(at);
    if (page.length === 0 && !isLast) {
      const query = { under: { word }, after: { word, ...before }, reverse: true, limit: size };
      for await (const { fields } of tables.word.rows(core.database, query)) {
        page.push({ at: Number(fields.at), group: toHex(fields.group) as GroupId, id: toHex(fields.id) });
      }
      budget.rows -= page.length + 1;
      isLast = page.length < size;
      size = Math.min(LAST_PAGE, 2 * size);
    }
    return page[0];
  };
}

/** A message that one of several sources has. */
function latestOf(sources: readonly Source[]): Source {
  return async (before) => {
    const places = await Promise.all(sources.map((source) => source(before)));
    return places.reduce<Place | undefined>(
      (a, b) => (a && b ? (compare(a, b) < 0 ? b : a) : (a ?? b)),
      undefined,
    );
  };
}

/** The next place that all sources have; `undefined` if there is none. It stops short when the budget is used up. */
async function nextCommon(params: {
  sources: readonly Source[];
  before: Place;
  budget: Budget;
}): Promise<Place | undefined> {
  const { sources, budget } = params;
  let { before } = params;
  for (;;) {
    let [first, last]: (Place | undefined)[] = [];
    for (const source of sources) {
      const place = await source(last ? justAfter(last) : before);
      if (!place) return undefined;
      first ??= place;
      last = place;
    }
    if (!first || !last || compare(first, last) === 0 || budget.rows <= 0) return last;
    before = justAfter(last);
  }
}

async function read(params: {
  core: CoreParts<"consents" | "database">;
  place: Place;
}): Promise<FoundMessage | undefined> {
  const { core, place } = params;
  const { group } = place;
  const record = await readMessage({ database: core.database, group, id: place.id as MessageId });
  const message = record && showReadable(record);
  return message && !isBlocked(core, message.author) ? { ...message, group } : undefined;
}

function compare(a: Place, b: Place): number {
  return a.at - b.at || compareHex(a.group, b.group) || compareHex(a.id, b.id);
}

function compareHex(a: Hex, b: Hex): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function earlier(a: Place, b: Place): Place {
  return compare(a, b) < 0 ? a : b;
}

/** The place right behind one: what comes before it begins with that one. */
function justAfter({ id, ...place }: Place): Place {
  const next = (BigInt(id) + 1n).toString(16).padStart(2 * ID_BYTES, "0");
  return { ...place, id: next.length > 2 * ID_BYTES ? LAST : `0x${next}` };
}

function cursorOf({ at, group, id }: Place): Hex {
  return toHex(concatBytes(u64(at), fromHex(group), fromHex(id)));
}

function placeOfCursor(cursor: Hex): Place {
  const bytes = /^0x[0-9a-f]*$/.test(cursor) && cursor.length % 2 === 0 ? fromHex(cursor) : undefined;
  const at = bytes?.length === PLACE_BYTES ? Number(new DataView(bytes.buffer).getBigUint64(0)) : -1;
  if (!bytes || !Number.isSafeInteger(at) || at < 0)
    throw new WeftError({ code: "bad-cursor", message: "not a place in a search" });
  return { at, group: toHex(bytes.slice(8, 8 + ID_BYTES)) as GroupId, id: toHex(bytes.slice(8 + ID_BYTES)) };
}

function checkNumber(number: number): void {
  if (Number.isSafeInteger(number) && number >= 0) return;
  throw new WeftError({ code: "bad-config", message: `times and limits are whole numbers, not ${number}` });
}
