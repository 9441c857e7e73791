import type { MessageContent } from "../../wire/applicationMessage.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import {
  type EntryId,
  type EnvelopeHash,
  type Hex,
  ID_BYTES,
  type InboxId,
  type InstallationKey,
  type MessageId,
} from "../../wire/ids.ts";
import type { Role } from "../policy/roleOf.ts";

/**
 * A timeline is a set of records under one order: epoch, rank, id. It stands in the database under these keys, so a
 * page is a range, and an insertion touches only what it changes.
 */
export type TimelineRecord = MessageRecord | AgainRecord | GapRecord | MembershipRecord | MissedRecord;

/** rank: 0 for the commit that opened the epoch or what stands in its place, a message's depth, GAP_RANK for gaps. */
export type TimelineKey = { readonly epoch: number; readonly rank: number; readonly id: Hex };

export type MessageRecord = {
  readonly kind: "message";
  readonly id: MessageId;
  readonly content: MessageContent;
  /** Best first, never empty: the first gives the message its epoch and its verdict. */
  readonly openings: readonly [Opening, ...Opening[]];
  readonly deleted: boolean;
};

/**
 * A further epoch in which a message was opened that stands in another: whoever came in between knows no other. It is
 * part of that epoch's digest if it counts there, and not shown.
 */
export type AgainRecord = {
  readonly kind: "again";
  readonly id: MessageId;
  readonly epoch: number;
  readonly depth: number;
  /** That opened the epoch, as far as it counts: several if a reorganization made another of it. */
  readonly entries: readonly EntryId[];
  readonly deleted: boolean;
};

/** A batch that took an envelope in, by its receipt. */
export type Taken = BatchPlace & { readonly anchorBlock: number };

/** One sealing of a message that was opened. */
export type Opening = {
  readonly epoch: number;
  /** That opened the epoch. */
  readonly entry: EntryId;
  readonly envelope: EnvelopeHash;
  /** Where nodes took it in, as far as that may matter; absent before any did. */
  readonly taken?: readonly Taken[];
  /** The block before which its sender must have sent it; absent while the sender is neither removed nor revoked. */
  readonly fence?: number | undefined;
  readonly verdict: MessageVerdict;
};

/**
 * Whether an opening of a message counts. `pending` and `fenced` befall senders who were removed or revoked. `void`, as
 * databases have it, is an opening that is undone: a reorganization took the entry that opened its epoch, and another
 * entry took that one's place.
 */
export type MessageVerdict = "counts" | "pending" | "fenced" | "void";

/** An envelope of the group that this client can never open. */
export type GapRecord = {
  readonly kind: "gap";
  readonly envelope: EnvelopeHash;
  readonly epoch: number;
  readonly entry: EntryId;
  readonly reason: GapReason;
  /** When the first node took it, milliseconds since 1970. */
  readonly atMs: number;
};

export type GapReason = "too-late" | "keys-gone" | "does-not-open";

/** What the commit that opened an epoch changed. */
export type MembershipRecord = {
  readonly kind: "membership";
  readonly epoch: number;
  readonly entry: EntryId;
  readonly by: InboxId;
  /** Of the entry's block, milliseconds since 1970. */
  readonly atMs: number;
  readonly changes: readonly MembershipChange[];
};

/** Epochs of the group that this client was cut off from, until it was added again. */
export type MissedRecord = {
  readonly kind: "missed";
  /** The first of them. */
  readonly epoch: number;
  /** Where it came back. */
  readonly until: number;
  /** That cut it off. */
  readonly entry: EntryId;
  /** Of the entry's block, milliseconds since 1970. */
  readonly atMs: number;
};

export type MembershipChange =
  | { readonly kind: "joined" | "removed" | "left"; readonly inbox: InboxId }
  | {
      readonly kind: "installation-added" | "installation-removed";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
    }
  | { readonly kind: "role"; readonly inbox: InboxId; readonly role: Role }
  | { readonly kind: "renamed"; readonly name: string };

/**
 * `inbox` deletes `target`; counts if the inbox is the target's author, or if an adopted control entry says so. What
 * is sealed to a later epoch than its own it does not reach: whoever came in between can't know of it.
 */
export type Deletion = {
  readonly target: MessageId;
  readonly epoch: number;
  readonly inbox: InboxId;
  readonly source:
    | { readonly kind: "own"; readonly message: MessageId }
    | { readonly kind: "control"; readonly entry: EntryId };
};

/** The id of the message or of the entry that a deletion came by. */
export function sourceOf({ source }: Deletion): Hex {
  return source.kind === "own" ? source.message : source.entry;
}

/** What an insertion changes; all of one insertion belong into one batch. */
export type TimelineChange =
  /** Stands at `keyOf(record)` from now on. */
  | { readonly kind: "put"; readonly record: TimelineRecord }
  /** Stands at `keyOf(record)` no more. */
  | { readonly kind: "drop"; readonly record: TimelineRecord }
  | { readonly kind: "remember-deletion" | "forget-deletion"; readonly deletion: Deletion }
  /** No gap for this envelope, now or later. */
  | { readonly kind: "remember-replaced"; readonly envelope: EnvelopeHash; readonly by: MessageId };

const GAP_RANK = 2 ** 32 - 1;

/** The key under which a record stands in the timeline. */
export function keyOf(record: TimelineRecord): TimelineKey {
  switch (record.kind) {
    case "message":
      return { epoch: record.openings[0].epoch, rank: record.content.depth, id: record.id };
    case "again":
      return { epoch: record.epoch, rank: record.depth, id: record.id };
    case "gap":
      return { epoch: record.epoch, rank: GAP_RANK, id: record.envelope };
    case "membership":
    case "missed":
      return { epoch: record.epoch, rank: 0, id: record.entry };
  }
}

/** The key after everything that stands in an epoch. */
export function endOf(epoch: number): TimelineKey {
  return { epoch, rank: GAP_RANK, id: `0x${"ff".repeat(ID_BYTES)}` };
}

/** The timeline's order, for `Array.sort`. */
export function compareKeys(a: TimelineKey, b: TimelineKey): number {
  return a.epoch - b.epoch || a.rank - b.rank || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
