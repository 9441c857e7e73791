import type { MessageRefusal as MlsRefusal } from "../../mls/openMessage.ts";
import type { ApplicationMessageReading } from "../../wire/applicationMessage.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { GapReason } from "./timelineRecord.ts";

/**
 * What became of an envelope of a group's topic. Every outcome is counted by reason; all are listed except junk beyond
 * a bound.
 */
export type Outcome =
  | { readonly kind: "opened"; readonly epoch: number; readonly message: MessageId }
  /** Opened, but it is not known yet whether it was sent before its sender was removed or revoked; shown as pending. */
  | { readonly kind: "pending"; readonly epoch: number; readonly message: MessageId }
  /** Opened and kept hidden: it can no longer be proven that it was sent before its sender was removed or revoked. */
  | { readonly kind: "fenced"; readonly epoch: number; readonly message: MessageId }
  /**
   * Without content: it shows that its sender follows the epoch, to members who can't judge the entry by which they
   * came in.
   */
  | { readonly kind: "confirmation"; readonly epoch: number }
  /** An own message of this client that came back. */
  | { readonly kind: "own"; readonly message: MessageId }
  /** Waits for the chain; durable and bounded. */
  | { readonly kind: "held" }
  /** A visible place in the timeline where something is missing. */
  | { readonly kind: "gap"; readonly epoch: number; readonly reason: GapReason }
  /** Sealed to an epoch before this client was in the group. */
  | { readonly kind: "before-start" }
  | { readonly kind: "rejected"; readonly reason: RejectReason };

/** Why an opened message does not count. */
export type MessageRefusal =
  | Extract<ApplicationMessageReading, { kind: "refused" }>["reason"]
  | "wrong-group"
  | "wrong-author";

export type RejectReason =
  | "malformed"
  /** Posted with a key that the head's authority did not certify. */
  | "stranger"
  | "bad-signature"
  /** No registered node has signed a receipt for it. */
  | "no-receipt"
  | "dead-branch"
  /** The key of this message was used before. */
  | "replayed"
  /** There is no room to hold it: it is read again when the head has moved. */
  | "not-held"
  /** The chain was read beyond the anchors of all its receipts, and does not have its head. */
  | "unknown-head"
  | MessageRefusal
  | Exclude<MlsRefusal, "keys-gone" | "too-far-ahead">;

/**
 * Reasons that depend on the bytes and receipts that came, on the chain so far, or on what else there was, and not on
 * whoever sealed the envelope.
 */
const provisional: ReadonlySet<RejectReason | GapReason> = new Set([
  "no-receipt",
  "not-held",
  "unknown-head",
  "dead-branch",
  "too-late",
  "does-not-open",
] as const);

/**
 * False if the envelope is to be judged again when it comes again: with another receipt it may count, or this client
 * may begin at an earlier epoch by then.
 */
export function isFinal(outcome: Outcome): boolean {
  if (outcome.kind === "held" || outcome.kind === "before-start") return false;
  return !("reason" in outcome) || !provisional.has(outcome.reason);
}
