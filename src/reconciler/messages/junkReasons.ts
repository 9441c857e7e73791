import type { RejectReason } from "../records/outcome.ts";

/**
 * Reasons for which envelopes are rejected that no member has posted: any node that serves a topic can make up such
 * envelopes.
 */
export const junkReasons: ReadonlySet<RejectReason> = new Set([
  "malformed",
  "stranger",
  "bad-signature",
  "no-receipt",
  "not-held",
  "unknown-head",
] as const);
