import type { ErrorCode } from "../../errors.ts";
import type { Address } from "../../wire/ids.ts";
import type { RelayOutcome } from "../../wire/relayOutcome.ts";
import { isAgreed, withRefusal } from "../nodes/refusals.ts";
import { failed, type Intent } from "../records/intent.ts";
import { type Backoff, backoffMs, type Chance } from "./backoff.ts";
import { RESUBMIT_BLOCKS } from "./nextAction.ts";

export const RELAY_BACKOFF: Backoff = { baseMs: 250, capMs: 5_000 };
/** Refusals that no other block will change; a client believes one only if two operators agree on it. */
const lasting: ReadonlySet<ErrorCode> = new Set([
  "too-large",
  "bad-signature",
  "malformed",
  "mesh-payload-on-chain",
]);

/** True if a refusal stays the same in every later block. */
export function isLasting(code: ErrorCode): boolean {
  return lasting.has(code);
}

/** The number of refusals after which a client believes that what it has signed itself is wrong. */
const REFUSALS_BELIEVED = 12;
/** One client wins each race, so the window in which the others try again grows no faster than that. */
const RACE_WINDOW_MS = 150;
const MAX_RACE_WINDOW_MS = 1_500;

/**
 * Tells what a relaying node's answer means to a staged commit. Only the chain decides: "submitted" is no success, and
 * "stale" is no defeat, since the entry that came first may turn out to be refused.
 */
export function relayed(params: {
  intent: Intent;
  outcome: RelayOutcome;
  /** The operator of the node that answered. */
  operator: Address;
  /** How many operators the network has. */
  operators: number;
  /** The number of the chain's newest block at the hand-over. */
  block: number;
  nowMs: number;
  chance: Chance;
}): Intent {
  const { intent, outcome, block, nowMs, chance } = params;
  const { progress } = intent;
  if (progress.kind !== "staged") return intent;
  switch (outcome.kind) {
    case "submitted":
    case "exists":
      return {
        ...intent,
        progress: { ...progress, submitted: { block, atMs: nowMs } },
        // The hand-over before has led to nothing, so the next node has its turn.
        attempts: intent.attempts + (progress.submitted === undefined ? 0 : 1),
      };
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
        retryAtMs: nowMs + raceWaitMs(intent.attempts, chance),
      };
    case "refused": {
      const { code } = outcome;
      const refusals = withRefusal(progress.refusals ?? [], { operator: params.operator, code });
      const isBelieved = isLasting(code) && isAgreed({ ...params, refusals, code });
      if (isBelieved && code === "too-large") return failed(intent, "too-large");
      if (isBelieved && intent.attempts >= REFUSALS_BELIEVED) return failed(intent, "refused");
      return {
        ...intent,
        progress: { ...progress, refusals },
        attempts: intent.attempts + 1,
        retryAtMs: nowMs + backoffMs({ ...RELAY_BACKOFF, attempt: intent.attempts, chance }),
      };
    }
  }
}

/** Draws a wait after a lost race, so that the losers do not meet again at once. */
function raceWaitMs(attempt: number, chance: Chance): number {
  return Math.ceil(chance() * Math.min(MAX_RACE_WINDOW_MS, RACE_WINDOW_MS * (1 + attempt)));
}
