import type { ApplicationMessage, MessageContent } from "../../wire/applicationMessage.ts";
import type { MessageId } from "../../wire/ids.ts";
import { changeDeletion, isDeleted } from "./changeDeletion.ts";
import {
  compareKeys,
  type Deletion,
  type GapRecord,
  keyOf,
  type MessageRecord,
  type Opening,
  type TimelineChange,
} from "./record.ts";

/** What the database holds around a message. */
export type Surroundings = {
  /** The record of the same id. */
  readonly record: MessageRecord | undefined;
  /** Deletions of it: at least one that applies if there is one. */
  readonly deletions: readonly Deletion[];
  /** Of a message that deletes another: that one, and a deletion of it from another source that applies, if any. */
  readonly target: MessageRecord | undefined;
  readonly targetDeletions: readonly Deletion[];
};

/** More than the epochs whose keys are kept. */
const MAX_OPENINGS = 64;
const verdictOrder = ["counts", "pending", "fenced", "void"] as const;

/**
 * Puts an opened message in its place. It depends on the set only: any order of insertions gives the same records.
 * A message opened in several epochs stands in the lowest where it counts.
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
  const deleted = isDeleted({ author: content.inbox, deletions: found.deletions });
  const after: MessageRecord | undefined = first && {
    kind: "message",
    id,
    content,
    openings: [first, ...rest],
    deleted,
  };
  const changes: TimelineChange[] = [];
  if (before && (!after || compareKeys(keyOf(before), keyOf(after)) !== 0)) {
    changes.push({ kind: "drop", record: before });
  }
  if (after) changes.push({ kind: "put", record: after });
  return [...changes, ...changesOfDeletion({ content, id, before, after, found })];
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
  if (content.body.kind !== "delete-own" || stands(before) === stands(after)) return [];
  const deletion: Deletion = {
    target: content.body.message,
    inbox: content.inbox,
    source: { kind: "own", message: id },
  };
  const { target, targetDeletions: others } = found;
  return changeDeletion({ deletion, stands: stands(after), target, others });
}

/** Also while its proof is awaited: what its sender took back must not come up again meanwhile. */
function stands(record: MessageRecord | undefined): boolean {
  const verdict = record?.openings[0].verdict;
  return verdict === "counts" || verdict === "pending";
}

function compareOpenings(a: Opening, b: Opening): number {
  return (
    verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
    a.epoch - b.epoch ||
    (a.envelope < b.envelope ? -1 : 1)
  );
}
