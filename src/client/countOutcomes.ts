import type { EnvelopeHash, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { Outcome, RejectReason } from "./messages/outcome.ts";
import { tables } from "./tables.ts";
import type { GapReason } from "./timeline/record.ts";

export type OutcomeCounts = {
  readonly opened: number;
  readonly pending: number;
  readonly fenced: number;
  readonly own: number;
  readonly held: number;
  readonly beforeStart: number;
  readonly gaps: Readonly<Partial<Record<GapReason, number>>>;
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
};

/** What became of all envelopes of a group's topic, or of all groups', by kind and reason. */
export async function countOutcomes(params: { client: Client; group?: GroupId }): Promise<OutcomeCounts> {
  const kinds = { opened: 0, pending: 0, fenced: 0, own: 0, held: 0, "before-start": 0 };
  const gaps: Partial<Record<GapReason, number>> = {};
  const rejected: Partial<Record<RejectReason, number>> = {};
  for await (const { outcome } of readOutcomes(params)) {
    if (outcome.kind === "gap") gaps[outcome.reason] = (gaps[outcome.reason] ?? 0) + 1;
    else if (outcome.kind === "rejected") rejected[outcome.reason] = (rejected[outcome.reason] ?? 0) + 1;
    else kinds[outcome.kind]++;
  }
  const { "before-start": beforeStart, ...rest } = kinds;
  return { ...rest, beforeStart, gaps, rejected };
}

export type ListedOutcome = { readonly envelope: EnvelopeHash; readonly outcome: Outcome };

/** The outcome of each envelope, by hash. */
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
