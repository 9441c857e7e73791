import type { RelayOutcome } from "../../rpc/nodeApi.ts";
import { type Backoff, backoffMs } from "../backoff.ts";
import { failed, type Intent } from "./intent.ts";
import { RESUBMIT_BLOCKS } from "./nextAction.ts";

export const RELAY_BACKOFF: Backoff = { baseMs: 250, capMs: 5_000 };
/** Refusals that no other block and no other node will change; several nodes have a say before one is believed. */
const lasting = new Set(["bad-signature", "malformed", "mesh-payload-on-chain"]);
const REFUSALS_BELIEVED = 12;
/** Of those who race, one wins each time, so the window in which the others try again grows no faster than that. */
const RACE_WINDOW_MS = 150;
const MAX_RACE_WINDOW_MS = 1_500;

/**
 * What a relaying node's answer means to a staged commit. Only the chain decides: "submitted" is no success, and
 * "stale" no defeat, for whoever came before may turn out to be refused.
 */
export function relayed(params: {
  intent: Intent;
  outcome: RelayOutcome;
  /** The chain head when it was handed over. */
  block: number;
  nowMs: number;
}): Intent {
  const { intent, outcome, block, nowMs } = params;
  const { progress } = intent;
  if (progress.kind !== "staged") return intent;
  switch (outcome.kind) {
    case "submitted":
    case "exists":
      return { ...intent, progress: { ...progress, submitted: { block, atMs: nowMs } } };
    case "stale":
      return {
        ...intent,
        progress: {
          ...progress,
          needsChildren: outcome.children,
          needsUntilBlock: block + RESUBMIT_BLOCKS,
          stales: (progress.stales ?? 0) + 1,
          submitted: undefined,
        },
        racesLost: intent.racesLost + 1,
        attempts: intent.attempts + 1,
        retryAtMs: nowMs + raceWaitMs(intent.attempts),
      };
    case "refused":
      if (outcome.code === "too-large") return failed(intent, "too-large");
      if (lasting.has(outcome.code) && intent.attempts >= REFUSALS_BELIEVED) return failed(intent, "refused");
      return {
        ...intent,
        attempts: intent.attempts + 1,
        retryAtMs: nowMs + backoffMs({ ...RELAY_BACKOFF, attempt: intent.attempts }),
      };
  }
}

/** A random wait after a lost race, so that those who lost do not meet again at once. */
function raceWaitMs(attempt: number): number {
  return Math.ceil(Math.random() * Math.min(MAX_RACE_WINDOW_MS, RACE_WINDOW_MS * (1 + attempt)));
}
