import type { Outcome, RejectReason } from "../reconciler/records/outcome.ts";
import type { GapReason } from "../reconciler/records/timelineRecord.ts";
import type { EnvelopeHash, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";

export type OutcomeCounts = {
  readonly opened: number;
  readonly pending: number;
  readonly fenced: number;
  readonly own: number;
  /** Absent if there were none. */
  readonly confirmation?: number;
  readonly held: number;
  readonly beforeStart: number;
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
};

/**
 * Counts what became of all envelopes of a group's topic, or of all groups', by kind and reason. More junk than is
 * listed counts each time that it comes.
 */
export async function countOutcomes(params: { client: Client; group?: GroupId }): Promise<OutcomeCounts> {
  const { database } = coreOf(params.client);
  const kinds = { opened: 0, pending: 0, fenced: 0, own: 0, held: 0, "before-start": 0 };
  const gaps: Partial<Record<GapReason, number>> = {};
  const rejected: Partial<Record<RejectReason, number>> = {};
  const under = params.group === undefined ? {} : { group: params.group };
  for await (const { value } of tables.groupTally.rows(database, { under })) {
    addAll(kinds, value.kinds);
    addAll(gaps, value.gaps);
    addAll(rejected, value.rejected);
  }
  const { "before-start": beforeStart, ...rest } = kinds;
  return { ...rest, beforeStart, gaps, rejected };
}

function addAll<Name extends string>(
  sums: Partial<Record<Name, number>>,
  counts: Readonly<Partial<Record<Name, number>>>,
): void {
  for (const [name, count] of Object.entries(counts) as [Name, number][])
    sums[name] = (sums[name] ?? 0) + count;
}

export type ListedOutcome = { readonly envelope: EnvelopeHash; readonly outcome: Outcome };

/** Yields the outcome of each envelope, by hash; of junk as much as is kept. */
export async function* readOutcomes(params: {
  client: Client;
  group?: GroupId;
}): AsyncGenerator<ListedOutcome> {
  const { database } = coreOf(params.client);
  const under = params.group === undefined ? {} : { group: params.group };
  for await (const { fields, value } of tables.outcome.rows(database, { under })) {
    yield { envelope: toHex(fields.envelope) as EnvelopeHash, outcome: value.outcome };
  }
}
