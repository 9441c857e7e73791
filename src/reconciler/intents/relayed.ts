import type { ErrorCode } from "../../errors.ts";
import type { Address } from "../../wire/ids.ts";
import type { RelayOutcome } from "../../wire/relayOutcome.ts";
import { isAgreed, withRefusal } from "../nodes/refusals.ts";
import { failed, type Intent } from "../records/intent.ts";
import { type Backoff, backoffMs, type Chance } from "./backoff.ts";
import { RESUBMIT_BLOCKS } from "./nextAction.ts";

export const RELAY_BACKOFF: Backoff = { baseMs: 250, capMs: 5_000 };
/** Refusals that no other block will change; two operators have to agree on one before it is believed. */
const lasting: ReadonlySet<ErrorCode> = new Set([
  "too-large",
  "bad-signature",
  "malformed",
  "mesh-payload-on-chain",
]);

/** True if a refusal stays what it is in every later block. */
export function isLasting(code: ErrorCode): boolean {
  return lasting.has(code);
}

/** What this client has signed itself it believes to be wrong only after so many words. */
const REFUSALS_BELIEVED = 12;
/** Of those who race, one wins each time, so the window in which the others try again grows no faster than that. */
const RACE_WINDOW_MS = 150;
const MAX_RACE_WINDOW_MS = 1_500;

/**
 * Tells what a relaying node's answer means to a staged commit. Only the chain decides: "submitted" is no success,
 * and "stale" no defeat, for the entry that came before may turn out to be refused.
 */
export function relayed(params: {
  intent: Intent;
  outcome: RelayOutcome;
  /** Whose node it was. */
  operator: Address;
  /** How many operators the network has. */
  operators: number;
  /** The chain head when it was handed over. */
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
        // What was handed over before has led to nothing: whoever took it has had its turn.
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

/** A random wait after a lost race, so that those who lost do not meet again at once. */
function raceWaitMs(attempt: number, chance: Chance): number {
  return Math.ceil(chance() * Math.min(MAX_RACE_WINDOW_MS, RACE_WINDOW_MS * (1 + attempt)));
}
