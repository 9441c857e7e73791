import { parseKey } from "../../store/keys.ts";
import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { type GroupId, toHex } from "../../wire/ids.ts";
import type { Outcome, RejectReason } from "../messages/outcome.ts";
import { type EpochTally, type GroupTally, tables } from "../tables.ts";
import type { TimelineRecord } from "../timeline/record.ts";

type Counts = Readonly<Partial<Record<string, number>>>;
/** A record that a batch writes: what stands there, and what will. */
type Replacement = {
  readonly key: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
};

const NO_RECORDS: EpochTally = { messages: 0, gaps: 0, changes: 0 };
export const NOTHING_TALLIED: GroupTally = {
  ...{ kinds: {}, gaps: {}, rejected: {} },
  ...{ unlisted: 0, racesLost: 0, rebased: 0 },
};
const { timeline, outcome, outbox } = tables;
const talliedPrefixes = new Set([timeline, outcome, outbox].map(({ record }) => record.prefix));

/**
 * What a batch changes in the sums over a group's timeline, outcomes and intents, told from the records that it
 * replaces: it belongs into the same batch, so that the sums are right whoever writes and whenever it crashes.
 * From within the group's queue.
 */
export async function tallyWrites(params: {
  database: Database;
  group: GroupId;
  writes: readonly Write[];
  /** Outcomes that are counted only. */
  unlisted: readonly RejectReason[];
}): Promise<Write[]> {
  const replacements = await readReplacements(params);
  return [
    ...(await epochTallies({ ...params, replacements: ofTable(replacements, timeline) })),
    ...(await groupTallies({ ...params, replacements })),
  ];
}

/** The last write of each record counts. */
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
  replacements: readonly Replacement[];
}): Promise<Write[]> {
  const { database, group, replacements } = params;
  const epochOf = ({ key }: Replacement) => Number(parseKey(timeline.record, key).epoch);
  const writes: Write[] = [];
  for (const [epoch, changed] of Map.groupBy(replacements, epochOf)) {
    let { messages, gaps, changes } = (await tables.epochTally.get(database, { group, epoch })) ?? NO_RECORDS;
    for (const { value, sign } of changed.flatMap((one) => valuesOf(timeline, one))) {
      messages += isText(value) ? sign : 0;
      gaps += value.kind === "gap" ? sign : 0;
    }
    changes++;
    writes.push(tables.epochTally.put({ group, epoch }, { messages, gaps, changes }));
  }
  return writes;
}

async function groupTallies(params: {
  database: Database;
  group: GroupId;
  replacements: readonly Replacement[];
  unlisted: readonly RejectReason[];
}): Promise<Write[]> {
  const { database, group, replacements, unlisted } = params;
  const outcomes = ofTable(replacements, outcome).flatMap((one) => valuesOf(outcome, one));
  const intents = ofTable(replacements, outbox).flatMap((one) => valuesOf(outbox, one));
  if (outcomes.length + intents.length + unlisted.length === 0) return [];
  let tally = (await tables.groupTally.get(database, { group })) ?? NOTHING_TALLIED;
  for (const { value, sign } of outcomes) tally = withOutcome(tally, value.outcome, sign);
  for (const { value, sign } of intents) {
    const { racesLost, rebased } = tally;
    tally = {
      ...tally,
      racesLost: racesLost + sign * value.racesLost,
      rebased: rebased + sign * value.rebased,
    };
  }
  for (const reason of unlisted) {
    tally = withOutcome({ ...tally, unlisted: tally.unlisted + 1 }, { kind: "rejected", reason }, 1);
  }
  return [tables.groupTally.put({ group }, tally)];
}

function ofTable(
  replacements: readonly Replacement[],
  table: { readonly record: { readonly prefix: number } },
): Replacement[] {
  return replacements.filter(({ key }) => key[0] === table.record.prefix);
}

/** What goes, with -1, and what comes, with 1. */
function valuesOf<Value>(
  table: { readonly decode: (bytes: Uint8Array) => Value },
  { before, after }: Replacement,
): { readonly value: Value; readonly sign: 1 | -1 }[] {
  return [
    ...(before ? [{ value: table.decode(before), sign: -1 as const }] : []),
    ...(after ? [{ value: table.decode(after), sign: 1 as const }] : []),
  ];
}

function isText(record: TimelineRecord): boolean {
  return record.kind === "message" && record.content.body.kind === "text";
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

/** Without zeros, so that equal counts are equal records. */
function added(counts: Counts, name: string, by: number): Counts {
  const { [name]: count = 0, ...others } = counts;
  return count + by === 0 ? others : { ...others, [name]: count + by };
}
