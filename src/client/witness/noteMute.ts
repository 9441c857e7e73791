import { steadyMs } from "../../clock/steadyMs.ts";
import { backoffMs } from "../../reconciler/intents/backoff.ts";
import type { Witness } from "./witness.ts";
import type { Witnesses } from "./witnesses.ts";

const QUIET = { baseMs: 2_000, capMs: 15_000 };

/**
 * Notes that a witness did not answer. Such a node is not waited for again for a while, so that neither a node that
 * hangs nor a network that is torn apart slows every question.
 */
export function noteMute({ quiet }: Witnesses, { node }: Witness): void {
  if (node === undefined) return;
  const attempts = (quiet.get(node)?.attempts ?? 0) + 1;
  const untilMs =
    steadyMs() + QUIET.baseMs / 2 + backoffMs({ ...QUIET, attempt: attempts - 1, chance: Math.random });
  quiet.set(node, { attempts, untilMs });
}
