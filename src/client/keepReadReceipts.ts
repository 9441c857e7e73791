import { steadyMs } from "../clock/steadyMs.ts";
import { relationKinds } from "../wire/relation.ts";
import { mayAct } from "./group/consent.ts";
import type { ChangingCore, CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import type { ReadReceipts } from "./group/readReceipts.ts";
import { addSilent } from "./outbox/addSilent.ts";

type Core = ChangingCore & CoreParts<"asksConsent" | "groups" | "recovery">;

/** The least time between two receipts to one conversation. */
const LEAST_BETWEEN_MS = 10_000;
/** In larger conversations everybody's receipts would be most of what is sent. */
const MOST_MEMBERS = 20;

/** Tells members how far the person has read, for people who want that. Ends when the signal aborts. */
export async function keepReadReceipts(params: {
  core: Core;
  receipts: ReadReceipts;
  signal: AbortSignal;
}): Promise<void> {
  const { core, receipts, signal } = params;
  const { due, toldAtMs, wakeup } = receipts;
  while (!signal.aborted) {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, target] of due) {
      const turnMs = (toldAtMs.get(id) ?? Number.NEGATIVE_INFINITY) + LEAST_BETWEEN_MS;
      if (turnMs > steadyMs()) {
        nextMs = Math.min(nextMs, turnMs);
        continue;
      }
      due.delete(id);
      const group = core.groups.get(id);
      if (!group || !mayTell(core, group)) continue;
      toldAtMs.set(id, steadyMs());
      const body = { relation: { kind: relationKinds.read, target, revision: 1 }, parts: [] };
      await group.asking.run(() => addSilent({ core, group, body }));
    }
    await wakeup.wait({ signal, ...(Number.isFinite(nextMs) ? { timeoutMs: nextMs - steadyMs() } : {}) });
  }
}

/** True for a conversation that is small enough and in which this client may speak. */
function mayTell(core: Core, group: Group): boolean {
  const { status, members } = group.view.record;
  return status === "member" && members.length <= MOST_MEMBERS && mayAct(core, group);
}
