import type { BatchPlace } from "../../wire/batchPlace.ts";
import {
  asId,
  type EntryId,
  type EnvelopeHash,
  type Hex,
  ID_BYTES,
  type InboxId,
  type InstallationKey,
  type MessageId,
} from "../../wire/ids.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import type { Part } from "../../wire/part.ts";
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
  /** A deletion that counts reaches it: part of the epoch's digest. */
  readonly deleted: boolean;
  /** A deletion reaches it that awaits its proof: it is hidden meanwhile. */
  readonly isHidden?: true;
  /** The edit that stands in its place; absent while it shows what it said first. */
  readonly edit?: Edit;
  /** Set now, by inbox and then by text; absent for none. */
  readonly reactions?: readonly Reaction[];
  /** When it disappears on this device; absent: it stays. */
  readonly expiry?: Expiry;
  /** It has disappeared here: its parts are gone, and whatever others have done to it but deletions. */
  readonly isExpired?: true;
};

/** `atMs`: milliseconds since 1970, so many seconds after the first receipt that this client knows. */
export type Expiry = { readonly atMs: number; readonly seconds: number };

export type Edit = { readonly message: MessageId; readonly parts: readonly Part[] };

/** `key`: the text in UTF-8, as hex. */
export type Reaction = { readonly inbox: InboxId; readonly key: Hex };

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
  /** By whom a message was told that this client has not opened itself. */
  readonly origin?: Origin;
};

/**
 * Whether an opening of a message counts. `pending` and `fenced` befall senders who were removed or revoked. `void`, as
 * databases have it, is an opening that is undone: a reorganization took the entry that opened its epoch, and another
 * entry took that one's place. `told` is no opening of this client's: another device of its inbox had the message
 * there.
 */
export type MessageVerdict = "counts" | "pending" | "fenced" | "void" | "told";

/** How a told message came: in an archive, or from a device that was running. */
export type Origin = "archive" | "device";

/** The envelope of a told message: none is known. */
export const NO_ENVELOPE = asId<EnvelopeHash>(new Uint8Array(ID_BYTES));

/** True for a message that this client knows only from what another device of its inbox has told. */
export function isTold({ openings: [first] }: Pick<MessageRecord, "openings">): boolean {
  return first.verdict === "told";
}

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
  | { readonly kind: "renamed"; readonly name: string }
  /** After how many seconds messages disappear from then on; 0: they stay. */
  | { readonly kind: "disappearing"; readonly seconds: number };

/**
 * What a message or a control does to another message, of whatever kind from 64 on this version knows. It reaches what
 * was sealed to its own epoch and to earlier ones: whoever came in since can't know of it.
 */
export type RelationRecord = {
  readonly target: MessageId;
  /** See `relationKinds`; a control deletes. */
  readonly kind: number;
  readonly source:
    | { readonly kind: "own"; readonly message: MessageId }
    | { readonly kind: "control"; readonly entry: EntryId };
  /** Who does it; of a control, its writer. */
  readonly inbox: InboxId;
  /** What the register is kept for besides target, kind and inbox: of a reaction, its text; "0x" for nothing. */
  readonly key: Hex;
  /** SHA-256 of the key: registers stand in this order. */
  readonly register: Hex;
  /**
   * Whether it acts: `pending` lets a deletion hide its target; `void` is kept to tell what is superseded; `told` acts on
   * told messages only.
   */
  readonly state: "counts" | "pending" | "void" | "told";
  /** The latest in which it stands. */
  readonly epoch: number;
  readonly revision: number;
  /** It sets what it is about; absent: it takes it back. */
  readonly isSet?: true;
};

/** The id of the message or of the entry that a relation came by. */
export function sourceOf({ source }: RelationRecord): Hex {
  return source.kind === "own" ? source.message : source.entry;
}

/** The order within a register, for `Array.sort`: the last one wins (epoch, revision, id). */
export function compareRelations(a: RelationRecord, b: RelationRecord): number {
  return a.epoch - b.epoch || a.revision - b.revision || (sourceOf(a) < sourceOf(b) ? -1 : 1);
}

/** What an insertion changes; all of one insertion belong into one batch. */
export type TimelineChange =
  /** Stands at `keyOf(record)` from now on. */
  | { readonly kind: "put"; readonly record: TimelineRecord }
  /** Stands at `keyOf(record)` no more. */
  | { readonly kind: "drop"; readonly record: TimelineRecord }
  | { readonly kind: "remember-relation" | "forget-relation"; readonly relation: RelationRecord }
  /** No gap for this envelope, now or later. */
  | { readonly kind: "remember-replaced"; readonly envelope: EnvelopeHash; readonly by: MessageId };

/** Behind every depth. */
export const GAP_RANK = 2 ** 32 - 1;

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
