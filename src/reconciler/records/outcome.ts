import type { MessageRefusal as MlsRefusal } from "../../mls/openMessage.ts";
import type { ApplicationMessageReading } from "../../wire/applicationMessage.ts";
import type { MessageId } from "../../wire/ids.ts";
import type { GapReason } from "./timelineRecord.ts";

/** What became of an envelope of a group's topic. Every one is counted by reason; all but junk beyond a bound is listed. */
export type Outcome =
  | { readonly kind: "opened"; readonly epoch: number; readonly message: MessageId }
  /** Opened and kept hidden until it is known whether it was sent before its sender was removed or revoked. */
  | { readonly kind: "pending"; readonly epoch: number; readonly message: MessageId }
  /** Opened and kept hidden: nothing proves that it was sent before its sender was removed or revoked. */
  | { readonly kind: "fenced"; readonly epoch: number; readonly message: MessageId }
  /** Without content: its sender follows the epoch, for those who can't judge the entry that they came in by. */
  | { readonly kind: "confirmation"; readonly epoch: number }
  /** This client's own, come back. */
  | { readonly kind: "own"; readonly message: MessageId }
  /** Waits for the chain; durable and bounded. */
  | { readonly kind: "held" }
  /** A visible place in the timeline where something is missing. */
  | { readonly kind: "gap"; readonly epoch: number; readonly reason: GapReason }
  /** Sealed to an epoch before this client was in the group. */
  | { readonly kind: "before-start" }
  | { readonly kind: "rejected"; readonly reason: RejectReason };

/** Why what was opened does not count. */
export type MessageRefusal =
  | Extract<ApplicationMessageReading, { kind: "refused" }>["reason"]
  | "wrong-group"
  | "wrong-author";

export type RejectReason =
  | "malformed"
  /** Posted with a key that the head's authority did not certify. */
  | "stranger"
  | "bad-signature"
  /** No registered node's signature covers it. */
  | "no-receipt"
  | "dead-branch"
  /** Its key was used before. */
  | "replayed"
  /** More waits for the chain than is kept: it is read again when the head has moved. */
  | "not-held"
  /** The chain was read beyond all its receipts' anchors, and does not have its head. */
  | "unknown-head"
  | MessageRefusal
  | Exclude<MlsRefusal, "keys-gone" | "too-far-ahead">;

/** Told by the bytes and receipts that came, by the chain so far, by what else there was: not by whoever sealed it. */
const provisional: ReadonlySet<RejectReason | GapReason> = new Set([
  "no-receipt",
  "not-held",
  "unknown-head",
  "dead-branch",
  "too-late",
  "does-not-open",
] as const);

/**
 * False if the envelope is to be judged again when it comes again: with another receipt it may count, or this
 * client's start may be an earlier epoch by then.
 */
export function isFinal(outcome: Outcome): boolean {
  if (outcome.kind === "held" || outcome.kind === "before-start") return false;
  return !("reason" in outcome) || !provisional.has(outcome.reason);
}
