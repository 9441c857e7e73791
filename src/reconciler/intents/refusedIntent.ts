import type { IntentReason } from "../policy/reasons.ts";
import { failed, type Intent } from "../records/intent.ts";

/** Refusals that may pass with time or with a new head; all others end the intent. */
const passing = new Set(["too-soon", "bad-registry-block", "inactive-installation", "already-a-member"]);
const finalReasons: Partial<Record<string, IntentReason>> = {
  "not-permitted": "not-permitted",
  revoked: "revoked",
  "not-a-member": "not-a-member",
  "last-super-admin": "last-super-admin",
  "too-many-members": "too-many-members",
  "unknown-entry": "already-done",
  "too-late": "too-late",
};
const PATIENCE = 5;
const WAIT_BLOCKS = 8;

/** Tells what it means to an intent that every member refuses its entry. */
export function refusedIntent(params: { intent: Intent; reason: string; block: number }): Intent {
  const { intent, reason, block } = params;
  if (!passing.has(reason) || intent.attempts >= PATIENCE) {
    return failed(intent, finalReasons[reason] ?? "refused");
  }
  return {
    ...intent,
    progress: { kind: "queued" },
    attempts: intent.attempts + 1,
    retryAtBlock: reason === "too-soon" ? block + WAIT_BLOCKS : 0,
  };
}
