import { type Intent, settled } from "../records/intent.ts";
import type { Publication } from "../view/viewOfGroup.ts";

/** Tells what the state of its envelopes means to an intent, once its commit, if it has one, has landed. Pure. */
export function progressAfter(params: {
  intent: Intent;
  publications: readonly Publication[];
  /** Welcomes of its commits are still to be written, since nobody is welcomed by what one node alone has told. */
  owesWelcome?: boolean;
}): Intent {
  const { intent, publications, owesWelcome = false } = params;
  const states = publications.map(({ record }) => record.state);
  if (intent.progress.kind !== "landed" && intent.progress.kind !== "sealed") return intent;
  if (owesWelcome || states.includes("pending")) return intent;
  const acknowledged = intent.acknowledged ? intent : { ...intent, acknowledged: true };
  if (states.includes("acknowledged")) return acknowledged;
  const { failure } = { failure: undefined, ...intent.progress };
  return settled(acknowledged, failure ? { kind: "failed", reason: failure } : { kind: "delivered" });
}
