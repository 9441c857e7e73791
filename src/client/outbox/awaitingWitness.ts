import { steadyMs } from "../../clock/steadyMs.ts";
import type { Intent } from "../../reconciler/records/intent.ts";

const AGAIN_MS = 1_000;

/** Leaves an intent as it is until a witness confirms what it rests on; the intent is looked at again in a while. */
export function awaitingWitness(intent: Intent): Intent {
  return { ...intent, awaits: "witness", retryAtMs: steadyMs() + AGAIN_MS };
}
