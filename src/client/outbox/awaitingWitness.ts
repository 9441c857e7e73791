import type { Intent } from "./intent.ts";

const AGAIN_MS = 1_000;

/** The intent stays as it is until a witness confirms what it rests on; looked for again in a while. */
export function awaitingWitness(intent: Intent): Intent {
  return { ...intent, awaits: "witness", retryAtMs: Date.now() + AGAIN_MS };
}
