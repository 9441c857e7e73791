import type { ControlInstruction } from "../../wire/control.ts";
import type { EntryId } from "../../wire/ids.ts";
import type { Owed } from "../policy/membership.ts";
import type { CommitRefusal } from "../policy/reasons.ts";
import type { Member } from "../policy/roleOf.ts";

/** What an adopted commit did, as far as this client can tell. */
export type CommitSummary = {
  readonly writer: Member;
  readonly adds: readonly Member[];
  readonly removes: readonly Member[];
};

/** Why every member of the parent's epoch skips an entry. */
export type EntryRefusal =
  | CommitRefusal
  | "does-not-open"
  | "malformed"
  | "bad-signature"
  | "other-authority"
  | "wrong-writer"
  | "outside-profile"
  /** A request or evidence about what is no earlier sibling with a path that decides about the head. */
  | "unknown-entry"
  /** A request or evidence that landed more than VOID_BLOCKS after what it is about. */
  | "too-late"
  /** A request of an installation that has asked about the same entry before. */
  | "already-asked"
  /** Evidence that shows nothing. */
  | "proves-nothing";

/** Why an entry that was not refused counts for nobody. */
export type VoidReason =
  /** Evidence: its path gives another confirmation tag than it carries. */
  | "contradicts-tag"
  /** Evidence: its path gives another authority than it names. */
  | "contradicts-authority"
  /** More than half of those who have a vote can't follow it. */
  | "majority-cut-off";

/** What became of an entry. Judged from what the chain orders and nothing else, so that all members agree. */
export type Verdict =
  /** The next head: it opened `epoch`. */
  | ({ readonly kind: "adopted"; readonly epoch: number } & CommitSummary)
  /** An instruction that counts, in its parent's epoch; never a head. */
  | {
      readonly kind: "control";
      readonly epoch: number;
      readonly writer: Member;
      readonly instruction: ControlInstruction;
      /** A request as it was signed: a repair carries it. */
      readonly proof?: Uint8Array | undefined;
    }
  /** Adopted by those who were in the group before this client. */
  | { readonly kind: "before-start"; readonly epoch: number }
  | { readonly kind: "refused"; readonly reason: EntryRefusal | string }
  /** Not refused, but this client can't follow it. */
  | { readonly kind: "cut-off"; readonly reason: string }
  /** Adopted by some or by nobody, and then undone for all by a later sibling, `by`; or it stood on such an entry. */
  | {
      readonly kind: "void";
      readonly reason: VoidReason;
      readonly by: EntryId;
      /** Of the entry that was voided itself: what it had decided stays decided. */
      readonly owed?: Owed | undefined;
    }
  /** Beaten by an adopted sibling, or a child of an entry that is no head. */
  | { readonly kind: "dead" }
  /** Read while this client was still joining. */
  | { readonly kind: "unjudged" };
