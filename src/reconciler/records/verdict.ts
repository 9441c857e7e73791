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
  /** A request or evidence about an entry that is no earlier sibling with a path. */
  | "unknown-entry"
  /** A request or evidence that landed more than VOID_BLOCKS after the entry that it is about. */
  | "too-late"
  /** A request by an installation that has asked about the same entry before. */
  | "already-asked"
  /** Evidence that shows nothing. */
  | "proves-nothing";

/** Why an entry that was not refused was voided. */
export type VoidReason =
  /** Evidence shows that the entry's path gives another confirmation tag than the entry carries. */
  | "contradicts-tag"
  /** Evidence shows that the entry's path gives another authority than the entry names. */
  | "contradicts-authority"
  /** More than half of the voters can't follow it. */
  | "majority-cut-off";

/** What became of an entry. Only what the chain orders decides this, so that all members agree. */
export type Verdict =
  /** The next head: it opened `epoch`. */
  | ({ readonly kind: "adopted"; readonly epoch: number } & CommitSummary)
  /** A control that counts, in its parent's epoch; never a head. */
  | {
      readonly kind: "control";
      readonly epoch: number;
      readonly writer: Member;
      readonly instruction: ControlInstruction;
      /** The signed request, which a repair carries. */
      readonly proof?: Uint8Array | undefined;
    }
  /** Adopted by those who were in the group before this client. */
  | { readonly kind: "before-start"; readonly epoch: number }
  | { readonly kind: "refused"; readonly reason: EntryRefusal | string }
  /** Not refused, but this client can't follow it. */
  | { readonly kind: "cut-off"; readonly reason: string }
  /**
   * Voided for all by a later sibling, `by`, whether or not anybody had adopted the entry; or it stood on such an
   * entry.
   */
  | {
      readonly kind: "void";
      readonly reason: VoidReason;
      readonly by: EntryId;
      /** Set for the voided entry itself: its decisions stay in force. */
      readonly owed?: Owed | undefined;
    }
  /** A later sibling of an adopted entry, or a child of an entry that is no head. */
  | { readonly kind: "dead" }
  /** Read while this client was still joining. */
  | { readonly kind: "unjudged" };
