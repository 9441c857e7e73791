import type { ApplicationMessage } from "../../wire/applicationMessage.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import {
  type Expiry,
  type GapRecord,
  type MessageRecord,
  NO_ENVELOPE,
  type Opening,
  type Origin,
  type TimelineChange,
} from "../records/timelineRecord.ts";
import type { Relations } from "./applyRelations.ts";
import { changeRelation } from "./changeRelation.ts";
import { earlierExpiry, goesWithTarget, withoutBody } from "./expiry.ts";
import { placeMessage, standsAmong } from "./placeMessage.ts";
import { type RelationRules, relationsOf } from "./relationsOf.ts";

/** What the database holds around a message. */
export type Surroundings = {
  /** The record of the same id. */
  readonly record: MessageRecord | undefined;
  /** What is related to it. */
  readonly known: Relations;
  /** Of a message that is related to another: that one. */
  readonly target: MessageRecord | undefined;
  /**
   * What others than this message do to that target, of the same kind: the same inbox's relations, or all deletions.
   */
  readonly others: Relations;
};

/** More than the epochs whose keys are kept. */
const MAX_OPENINGS = 64;
const verdictOrder = ["counts", "pending", "fenced", "void", "told"] as const;

/**
 * Puts an opened message in its place. It depends on the set only: any order of insertions gives the same records.
 * A message opened in several epochs stands in the earliest where it counts. What was told of it before is dropped.
 */
export function insertMessage(params: {
  message: ApplicationMessage & {
    readonly id: MessageId;
    /** When this sealing lets the message disappear; absent: it does not. */
    readonly expiry?: Expiry | undefined;
  };
  opening: Opening;
  found: Surroundings & {
    /** Of the envelopes that it replaces and of its own. */
    readonly gaps: readonly GapRecord[];
  };
  /** The kinds of relations that are known. */
  rules?: RelationRules;
}): TimelineChange[] {
  const { message, opening, found } = params;
  const others =
    found.record?.openings.filter(
      ({ envelope, verdict }) => envelope !== opening.envelope && verdict !== "told",
    ) ?? [];
  return [
    ...settleMessage({
      ...params,
      ...message,
      openings: [...others, opening],
      expiry: earlierExpiry(found.record?.expiry, message.expiry),
    }),
    ...message.replaces.map((envelope) => ({ kind: "remember-replaced", envelope, by: message.id }) as const),
    ...found.gaps.map((record) => ({ kind: "drop", record }) as const),
  ];
}

/**
 * Puts a message in its place that another device of this inbox has told of, in epoch `told.epoch`. It changes nothing if
 * this client has opened the message itself. Of several tellings the one with the earliest epoch stands.
 */
export function insertTold(params: {
  message: Pick<MessageRecord, "id" | "content">;
  told: Pick<Opening, "epoch" | "entry"> & {
    readonly origin: Origin;
    /** When it disappears, milliseconds since 1970. */
    readonly expiresAtMs?: number;
  };
  found: Surroundings;
  /** The kinds of relations that are known. */
  rules?: RelationRules;
}): TimelineChange[] {
  const { message, told, found } = params;
  const [before] = found.record?.openings ?? [];
  const isKnown =
    before && (before.verdict !== "told" || before.epoch < told.epoch || isSameTelling(before, told));
  if (isKnown) return [];
  const { expiresAtMs, ...where } = told;
  const opening: Opening = { ...where, envelope: NO_ENVELOPE, verdict: "told" };
  const expiry = expiresAtMs === undefined ? undefined : { atMs: expiresAtMs, seconds: 0 };
  return settleMessage({ ...params, ...message, openings: [opening], expiry });
}

/** Two devices tell of one epoch by one entry; of two entries the one with the lower id stands. */
function isSameTelling(before: Pick<Opening, "epoch" | "entry">, told: typeof before): boolean {
  return before.epoch === told.epoch && before.entry <= told.entry;
}

/**
 * Gives a message other openings: a pending one was judged, or a reorganization made an epoch vanish or return.
 * Without any it leaves the timeline.
 */
export function changeOpenings(params: {
  openings: readonly Opening[];
  found: Surroundings & { readonly record: MessageRecord };
  /** If it is another one now. */
  expiry?: Expiry | undefined;
  rules?: RelationRules;
}): TimelineChange[] {
  const { id, content, expiry } = params.found.record;
  return settleMessage({ id, content, expiry, ...params });
}

function settleMessage(params: {
  id: MessageId;
  content: MessageContent;
  openings: readonly Opening[];
  expiry: Expiry | undefined;
  found: Surroundings;
  rules?: RelationRules;
}): TimelineChange[] {
  const { id, expiry, found } = params;
  const { record: before, known, target, others } = found;
  const [first, ...rest] = keptOpenings(params.openings).toSorted(compareOpenings);
  const isExpired = before?.isExpired || (target?.isExpired && goesWithTarget(params.content));
  const content = isExpired ? withoutBody(params.content) : params.content;
  const kept = { id, content, ...(expiry ? { expiry } : {}), ...(isExpired ? { isExpired } : {}) };
  const after = first && placeMessage({ message: { ...kept, openings: [first, ...rest] }, known });
  const places = after ?? [];
  const [stood, ...again] = before ? placeMessage({ message: before, known }) : [];
  // The message itself goes from where only a word of it stays.
  const gone = [
    ...(before && stood && !standsAmong(stood, places.slice(0, 1)) ? [before] : []),
    ...again.filter((one) => !standsAmong(one, places)),
  ];
  const relations = (message: MessageRecord | undefined) =>
    message ? relationsOf({ message, ...(params.rules ? { rules: params.rules } : {}) }) : [];
  const said = { ...others, edits: new Map([...others.edits, [id, content.parts]]) };
  return [
    ...gone.map((record) => ({ kind: "drop", record }) as const),
    ...places.map((record) => ({ kind: "put", record }) as const),
    ...changeRelation({ before: relations(before), after: relations(after?.[0]), target, others: said }),
  ];
}

/**
 * Keeps the latest openings; those that are undone come last, however late they are. So whoever joined later keeps the
 * same ones of the epochs that it has. No verdict that may still change takes part in the choice.
 */
function keptOpenings(openings: readonly Opening[]): readonly Opening[] {
  if (openings.length <= MAX_OPENINGS) return openings;
  const rank = ({ verdict }: Opening) => (verdict === "void" ? 1 : 0);
  const latest = openings.toSorted(
    (a, b) => rank(a) - rank(b) || b.epoch - a.epoch || (a.envelope < b.envelope ? -1 : 1),
  );
  return latest.slice(0, MAX_OPENINGS);
}

function compareOpenings(a: Opening, b: Opening): number {
  return (
    verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
    a.epoch - b.epoch ||
    (a.envelope < b.envelope ? -1 : 1)
  );
}
