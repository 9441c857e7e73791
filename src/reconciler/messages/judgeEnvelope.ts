import type { BlockRef } from "../../wire/blockRef.ts";
import type { HeadPlace } from "../branch/headPlace.ts";
import { anyInTime, type LateLimits, type ReceiptTime } from "./inTime.ts";

export type EnvelopeJudgement =
  | { readonly kind: "open" }
  | { readonly kind: "hold" }
  | { readonly kind: "gap"; readonly reason: "too-late" | "keys-gone" }
  | { readonly kind: "before-start" }
  | { readonly kind: "rejected"; readonly reason: "dead-branch" | "no-receipt" };

/** Decides what becomes of a well-formed envelope, only from this client's state. Pure. */
export function judgeEnvelope(params: {
  place: HeadPlace;
  /** The receipts that were verified. */
  receipts: readonly ReceiptTime[];
  processed: BlockRef;
  limits: LateLimits;
  hasKeys: boolean;
}): EnvelopeJudgement {
  const { place, receipts, processed, limits, hasKeys } = params;
  if (place.kind === "unknown") return { kind: "hold" };
  if (place.kind === "dead") return { kind: "rejected", reason: "dead-branch" };
  if (place.kind === "before-start") return { kind: "before-start" };
  if (receipts.length === 0) return { kind: "rejected", reason: "no-receipt" };
  const successors = place.kind === "behind" ? place.successors : [];
  const answer = anyInTime({ receipts, successors, processed, limits });
  if (answer === "unknown") return { kind: "hold" };
  if (answer === "no") return { kind: "gap", reason: "too-late" };
  return hasKeys ? { kind: "open" } : { kind: "gap", reason: "keys-gone" };
}
