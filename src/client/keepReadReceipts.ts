import { steadyMs } from "../clock/steadyMs.ts";
import type { GroupId } from "../wire/ids.ts";
import { relationKinds } from "../wire/relation.ts";
import { addSend, type SendingCore } from "./addSend.ts";
import { mayAct } from "./group/consent.ts";
import type { ReadReceipts } from "./group/readReceipts.ts";
import { inTurn } from "./outbox/inTurn.ts";

/** The least time between two receipts to one conversation. */
const LEAST_BETWEEN_MS = 10_000;
/** In larger conversations everybody's receipts would be most of what is sent. */
const MOST_MEMBERS = 20;

/** Tells members how far the person has read, for people who want that. Ends when the signal aborts. */
export async function keepReadReceipts(params: {
  core: SendingCore;
  receipts: ReadReceipts;
  signal: AbortSignal;
}): Promise<void> {
  const { core, receipts, signal } = params;
  const { due, toldAtMs, wakeup } = receipts;
  while (!signal.aborted) {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [group, target] of due) {
      const turnMs = (toldAtMs.get(group) ?? Number.NEGATIVE_INFINITY) + LEAST_BETWEEN_MS;
      if (turnMs > steadyMs()) {
        nextMs = Math.min(nextMs, turnMs);
        continue;
      }
      due.delete(group);
      if (!mayTell(core, group)) continue;
      toldAtMs.set(group, steadyMs());
      const body = { relation: { kind: relationKinds.read, target, revision: 1 }, parts: [] };
      await inTurn({ core, group, ask: () => addSend({ core, group, body }) });
    }
    await wakeup.wait({ signal, ...(Number.isFinite(nextMs) ? { timeoutMs: nextMs - steadyMs() } : {}) });
  }
}

/** True for a conversation that is small enough and in which this client may speak. */
function mayTell(core: SendingCore, id: GroupId): boolean {
  const group = core.groups.get(id);
  const isIn = group?.view.record.status === "member" && mayAct(core, group);
  return isIn && group.view.record.members.length <= MOST_MEMBERS;
}
