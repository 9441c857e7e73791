import type { Intent } from "../records/intent.ts";

/** How often siblings that were then refused have to come before a handed-over entry until that counts as a flood. */
const FLOOD_STALES = 3;
/** The chain counts children in 24 bits. */
const NO_LIMIT = 2 ** 24 - 1;

/**
 * Tells after how many siblings a staged entry may come. A commit comes after the siblings that this client has read,
 * so that an author who loses a race pays nothing; under a flood of refused siblings it may come after any number, so
 * that it lands. Requests and evidence come after the entry that they are about and count wherever they stand. Pure.
 */
export function limitOf(params: { intent: Intent; children: number }): number {
  const { intent, children } = params;
  const { action, progress } = intent;
  const isFlooded = progress.kind === "staged" && (progress.stales ?? 0) >= FLOOD_STALES;
  return action.kind === "appeal" || isFlooded ? NO_LIMIT : children;
}
