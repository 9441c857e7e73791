import type { ApplicationMessage, MessageContent } from "../../wire/applicationMessage.ts";
import type { MessageId } from "../../wire/ids.ts";
import type {
  Deletion,
  GapRecord,
  MessageRecord,
  Opening,
  TimelineChange,
} from "../records/timelineRecord.ts";
import { changeDeletion } from "./changeDeletion.ts";
import { placeMessage, standsAmong } from "./placeMessage.ts";

/** What the database holds around a message. */
export type Surroundings = {
  /** The record of the same id. */
  readonly record: MessageRecord | undefined;
  /** Of it: all that apply, or at least those that reach the latest epoch. */
  readonly deletions: readonly Deletion[];
  /** Of a message that deletes another: that one, and such deletions of it from other sources. */
  readonly target: MessageRecord | undefined;
  readonly targetDeletions: readonly Deletion[];
};

/** More than the epochs whose keys are kept. */
const MAX_OPENINGS = 64;
const verdictOrder = ["counts", "pending", "fenced", "void"] as const;

/**
 * Puts an opened message in its place. It depends on the set only: any order of insertions gives the same records.
 * A message opened in several epochs stands in the earliest where it counts.
 */
export function insertMessage(params: {
  message: ApplicationMessage & { readonly id: MessageId };
  opening: Opening;
  found: Surroundings & {
    /** Of the envelopes that it replaces and of its own. */
    readonly gaps: readonly GapRecord[];
  };
}): TimelineChange[] {
  const { message, opening, found } = params;
  const others = found.record?.openings.filter((one) => one.envelope !== opening.envelope) ?? [];
  return [
    ...settleMessage({ ...message, openings: [...others, opening], found }),
    ...message.replaces.map((envelope) => ({ kind: "remember-replaced", envelope, by: message.id }) as const),
    ...found.gaps.map((record) => ({ kind: "drop", record }) as const),
  ];
}

/**
 * Gives a message other openings: a pending one was judged, or a reorganization made an epoch vanish or return.
 * Without any it leaves the timeline.
 */
export function changeOpenings(params: {
  openings: readonly Opening[];
  found: Surroundings & { readonly record: MessageRecord };
}): TimelineChange[] {
  const { id, content } = params.found.record;
  return settleMessage({ id, content, ...params });
}

function settleMessage(params: {
  id: MessageId;
  content: MessageContent;
  openings: readonly Opening[];
  found: Surroundings;
}): TimelineChange[] {
  const { id, content, found } = params;
  const before = found.record;
  const [first, ...rest] = params.openings.toSorted(compareOpenings).slice(0, MAX_OPENINGS);
  const { deletions } = found;
  const after = first && placeMessage({ message: { id, content, openings: [first, ...rest] }, deletions });
  const places = after ?? [];
  const [stood, ...again] = before ? placeMessage({ message: before, deletions }) : [];
  // The message itself goes from where only a word of it stays.
  const gone = [
    ...(before && stood && !standsAmong(stood, places.slice(0, 1)) ? [before] : []),
    ...again.filter((one) => !standsAmong(one, places)),
  ];
  return [
    ...gone.map((record) => ({ kind: "drop", record }) as const),
    ...places.map((record) => ({ kind: "put", record }) as const),
    ...changesOfDeletion({ content, id, before, after: after?.[0], found }),
  ];
}

/** A message that deletes another does so as long as it stands itself. */
function changesOfDeletion(params: {
  content: MessageContent;
  id: MessageId;
  before: MessageRecord | undefined;
  after: MessageRecord | undefined;
  found: Surroundings;
}): TimelineChange[] {
  const { content, id, before, after, found } = params;
  const [was, is] = [lastEpoch(before), lastEpoch(after)];
  const { body, inbox } = content;
  if (body.kind !== "delete-own" || was === is) return [];
  const { target, targetDeletions: others } = found;
  const deletionOf = (epoch: number): Deletion => ({
    ...{ target: body.message, epoch, inbox },
    source: { kind: "own", message: id },
  });
  if (is === undefined) {
    return changeDeletion({ deletion: deletionOf(was ?? 0), stands: false, target, others });
  }
  const moved = was === undefined ? [] : [{ kind: "forget-deletion", deletion: deletionOf(was) } as const];
  return [...moved, ...changeDeletion({ deletion: deletionOf(is), stands: true, target, others })];
}

/** In which it stands, also while its proof is awaited: what its sender took back must not come up again meanwhile. */
function lastEpoch(record: MessageRecord | undefined): number | undefined {
  const openings = record?.openings.filter(({ verdict }) => verdict === "counts" || verdict === "pending");
  return openings && openings.length > 0 ? Math.max(...openings.map(({ epoch }) => epoch)) : undefined;
}

function compareOpenings(a: Opening, b: Opening): number {
  return (
    verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
    a.epoch - b.epoch ||
    (a.envelope < b.envelope ? -1 : 1)
  );
}
