import { isListed } from "../../reconciler/messages/isListed.ts";
import type { Outcome } from "../../reconciler/records/outcome.ts";
import type { EpochTally, GroupTally } from "../../reconciler/records/records.ts";
import type { TimelineKey, TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import { isShownRecord } from "../../reconciler/timeline/timelineItem.ts";
import { parseKey } from "../../store/keys.ts";
import type { Database } from "../../store/openDatabase.ts";
import { del, type Write } from "../../store/writeAtomic.ts";
import { type EnvelopeHash, type GroupId, type InboxId, toHex } from "../../wire/ids.ts";
import type { ConversationRecord } from "./conversationRecord.ts";
import { conversationWrites } from "./conversationWrites.ts";
import { expiryWrites } from "./expiryWrites.ts";
import { readableChanges } from "./readableChanges.ts";
import { tables } from "./tables.ts";
import { wordWrites } from "./wordWrites.ts";

type Counts = Readonly<Partial<Record<string, number>>>;
/** A record that a batch writes: what stands there, and what will. */
type Replacement = {
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
};

/** The same for a place of the timeline. */
type TimelineReplacement = {
  readonly epoch: number;
  readonly before?: TimelineRecord;
  readonly after?: TimelineRecord;
};

export type Tallied = {
  readonly writes: readonly Write[];
  /** What a list of conversations shows of the group then, if that changes. */
  readonly conversation?: ConversationRecord;
  /** Where messages of others stand that can be read then and could not before. */
  readonly arrived: readonly TimelineKey[];
  /** True if another message is to disappear. */
  readonly expires: boolean;
  /** Envelopes of whose outcome an app is told. */
  readonly outcomes: readonly EnvelopeHash[];
};

const NO_RECORDS: EpochTally = { messages: 0, gaps: 0, changes: 0 };
const NOTHING_TALLIED: GroupTally = {
  ...{ kinds: {}, gaps: {}, rejected: {} },
  ...{ unlisted: {}, racesLost: 0, rebased: 0 },
};
const { timeline, outcome, outbox } = tables;
const talliedPrefixes = new Set([timeline, outcome, outbox].map(({ record }) => record.prefix));

/**
 * Adds to a batch what the batch changes in the sums over a group's timeline, outcomes and intents, in the list of
 * conversations, and in the index of words. The changes are told from the records that the batch replaces, so the sums are right whoever writes,
 * and whenever the process crashes. Only so many outcomes of junk are listed: further ones are left out of the batch,
 * and counted. Call it from within the group's queue.
 */
export async function withTallies(params: {
  database: Database;
  group: GroupId;
  writes: readonly Write[];
  /** The inbox whose own messages are never unread. */
  self: InboxId;
  /** True for inboxes whose messages are neither unread nor last: those that are blocked. */
  isLeftOut: (inbox: InboxId) => boolean;
  /** When the batch is written, milliseconds since 1970. */
  atMs: number;
}): Promise<Tallied> {
  const { database, group, writes } = params;
  const replacements = await readReplacements(params);
  if (replacements.length === 0) return { writes, arrived: [], expires: false, outcomes: [] };
  const shown = ofTable(replacements, timeline).map(decoded);
  const epochs = await epochTallies({ ...params, replacements: shown });
  const changes = readableChanges(shown);
  const expiries = expiryWrites({ group, replacements: shown });
  const listed = await conversationWrites({ ...params, changes });
  const before = (await tables.groupTally.get(database, { group })) ?? NOTHING_TALLIED;
  const { tally, unlisted } = talliedOutcomes({
    tally: before,
    replacements: ofTable(replacements, outcome),
  });
  const after = talliedIntents({ tally, replacements: ofTable(replacements, outbox) });
  const left = new Set(unlisted.map(({ key }) => toHex(key)));
  const all = [
    ...(left.size === 0 ? writes : writes.filter(({ key }) => !left.has(toHex(key)))),
    ...unlisted.flatMap(({ key, before: row }) => (row ? [del(key)] : [])),
    ...epochs,
    ...listed.writes,
    ...wordWrites({ group, changes }),
    ...expiries,
    ...(after === before ? [] : [tables.groupTally.put({ group }, after)]),
  ];
  return {
    writes: all,
    arrived: listed.arrived,
    expires: expiries.some(({ type }) => type === "put"),
    outcomes: toldOutcomes(ofTable(replacements, outcome).filter(({ key }) => !left.has(toHex(key)))),
    ...(listed.record ? { conversation: listed.record } : {}),
  };
}

/** The envelopes of whose outcome an app is told: nothing is shown of it, or nothing was before. */
function toldOutcomes(replacements: readonly Replacement[]): EnvelopeHash[] {
  const wordOf = (row: Uint8Array | undefined) => {
    const { kind, ...more } = (row && outcome.decode(row).outcome) ?? { kind: "opened" };
    const isShown = kind === "opened" || kind === "own";
    return isShown ? "shown" : `${kind} ${"reason" in more ? more.reason : ""}`;
  };
  return replacements
    .filter(({ before, after }) => wordOf(before) !== wordOf(after))
    .map(({ key }) => toHex(parseKey(outcome.record, key).envelope) as EnvelopeHash);
}

/** Decodes what stands and will stand in a place of the timeline. */
function decoded({ key, before, after }: Replacement): TimelineReplacement {
  return {
    epoch: Number(parseKey(timeline.record, key).epoch),
    ...(before ? { before: timeline.decode(before) } : {}),
    ...(after ? { after: timeline.decode(after) } : {}),
  };
}

/** Reads what a batch replaces; the last write of each record counts. */
async function readReplacements(params: {
  database: Database;
  writes: readonly Write[];
}): Promise<Replacement[]> {
  const tallied = params.writes.filter(({ key }) => talliedPrefixes.has(key[0] ?? 0));
  const last = [...new Map(tallied.map((write) => [toHex(write.key), write])).values()];
  if (last.length === 0) return [];
  const stored = await params.database.level.getMany(last.map(({ key }) => key));
  return last.map((write, i) => ({
    key: write.key,
    before: stored[i],
    after: write.type === "put" ? write.value : undefined,
  }));
}

async function epochTallies(params: {
  database: Database;
  group: GroupId;
  replacements: readonly TimelineReplacement[];
}): Promise<Write[]> {
  const { database, group, replacements } = params;
  const writes: Write[] = [];
  for (const [epoch, changed] of Map.groupBy(replacements, (one) => one.epoch)) {
    let { messages, gaps, changes } = (await tables.epochTally.get(database, { group, epoch })) ?? NO_RECORDS;
    for (const { before, after } of changed) {
      messages += count(after, isMessage) - count(before, isMessage);
      gaps += count(after, isGap) - count(before, isGap);
    }
    changes++;
    writes.push(tables.epochTally.put({ group, epoch }, { messages, gaps, changes }));
  }
  return writes;
}

/** Counts outcomes. `unlisted`: rows that are not to be written. */
function talliedOutcomes(params: { tally: GroupTally; replacements: readonly Replacement[] }): {
  tally: GroupTally;
  unlisted: Replacement[];
} {
  let { tally } = params;
  const unlisted: Replacement[] = [];
  for (const replacement of params.replacements) {
    const [gone, come] = [replacement.before, replacement.after].map(
      (row) => row && outcome.decode(row).outcome,
    );
    if (gone) tally = withOutcome(tally, gone, -1);
    const isNew = come?.kind === "rejected" && gone?.kind !== "rejected";
    if (isNew && !isListed({ tally, reason: come.reason })) {
      tally = { ...tally, unlisted: added(tally.unlisted, come.reason, 1) };
      unlisted.push(replacement);
    }
    if (come) tally = withOutcome(tally, come, 1);
  }
  return { tally, unlisted };
}

function talliedIntents(params: { tally: GroupTally; replacements: readonly Replacement[] }): GroupTally {
  let { tally } = params;
  for (const { value, sign } of params.replacements.flatMap((one) => valuesOf(outbox, one))) {
    const racesLost = tally.racesLost + sign * value.racesLost;
    tally = { ...tally, racesLost, rebased: tally.rebased + sign * value.rebased };
  }
  return tally;
}

function ofTable(
  replacements: readonly Replacement[],
  table: { readonly record: { readonly prefix: number } },
): Replacement[] {
  return replacements.filter(({ key }) => key[0] === table.record.prefix);
}

/** Gives the value that goes, with -1, and the value that comes, with 1. */
function valuesOf<Value>(
  table: { readonly decode: (bytes: Uint8Array) => Value },
  { before, after }: Replacement,
): { readonly value: Value; readonly sign: 1 | -1 }[] {
  return [
    ...(before ? [{ value: table.decode(before), sign: -1 as const }] : []),
    ...(after ? [{ value: table.decode(after), sign: 1 as const }] : []),
  ];
}

function count(record: TimelineRecord | undefined, isOne: (record: TimelineRecord) => boolean): number {
  return record && isOne(record) ? 1 : 0;
}

function isGap({ kind }: TimelineRecord): boolean {
  return kind === "gap";
}

function isMessage(record: TimelineRecord): boolean {
  return record.kind === "message" && isShownRecord(record);
}

function withOutcome(tally: GroupTally, outcome: Outcome, by: 1 | -1): GroupTally {
  switch (outcome.kind) {
    case "gap":
      return { ...tally, gaps: added(tally.gaps, outcome.reason, by) };
    case "rejected":
      return { ...tally, rejected: added(tally.rejected, outcome.reason, by) };
    default:
      return { ...tally, kinds: added(tally.kinds, outcome.kind, by) };
  }
}

/** Adds to a count and leaves out zeros, so that equal counts are equal records. */
function added(counts: Counts, name: string, by: number): Counts {
  const { [name]: count = 0, ...others } = counts;
  return count + by === 0 ? others : { ...others, [name]: count + by };
}
