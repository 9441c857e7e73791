import { inboxOf } from "../../chain/layout/inboxIdOf.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { errorHints, WeftError } from "../../errors.ts";
import { isAgreed, type Refusals, withRefusal } from "../../reconciler/nodes/refusals.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import type { Refusal, RelayOutcome } from "../../wire/relayOutcome.ts";
import { isNodeFault } from "./askNodes.ts";
import { apiOf, countOperators, isUp, type NodeLinks } from "./nodeLinks.ts";
import type { OwnRelay } from "./ownRelay.ts";
import { noteWait, waitLeftMs } from "./waits.ts";
import { withTicket } from "./withTicket.ts";

/** The outcome of a relay. `disputed`: those that answer do not agree on the refusal, so that the action may pass. */
export type IdentityOutcome = RelayOutcome | (Omit<Refusal, "kind"> & { readonly kind: "disputed" });

/** Stands for the answer of a node that was asked a while ago and named a time that is not over. */
const TOLD_TO_WAIT: Refusal = {
  kind: "refused",
  code: "over-budget",
  hint: errorHints["over-budget"],
};

/**
 * Hands an identity action to the client's own way to the chain alone if it has one; otherwise to the nodes in order
 * until one takes it, or two operators refuse it for the same reason. A node that names a time is not asked before that,
 * and such a refusal is never agreed on: it will pass. Throws the last node's fault, or `no-node` if none answers.
 */
export async function relayRecord(params: {
  ownRelay: OwnRelay | undefined;
  links: NodeLinks;
  ranked: readonly Pick<KnownNode, "node" | "operator">[];
  action: IdentityAction;
  /** How often it was handed over before and has not landed: each time another node comes first. */
  turn?: number;
  signal: AbortSignal;
}): Promise<IdentityOutcome> {
  const { ownRelay, links, action, turn = 0, signal } = params;
  if (ownRelay) return await ownRelay.relayIdentity(action, { signal });
  const operators = countOperators(links);
  const first = turn % Math.max(1, params.ranked.length);
  const ranked = [...params.ranked.slice(first), ...params.ranked.slice(0, first)];
  let refusals: Refusals = [];
  let refusal: Refusal | undefined;
  let fault: unknown;
  const errand = `relay ${inboxOf(action)}` as const;
  for (const { node, operator } of ranked) {
    const api = isUp(links, node, steadyMs()) ? apiOf(links, node) : undefined;
    if (!api) continue;
    if (waitLeftMs(links.waits, { node, errand }) > 0) {
      refusal ??= TOLD_TO_WAIT;
      continue;
    }
    try {
      const outcome = await withTicket({
        ...{ tickets: links.tickets, place: { node, subject: inboxOf(action) }, signal },
        ask: (ticket) => api.relayIdentity({ ...action, ...(ticket && { ticket }) }, { signal }),
      });
      if (outcome.kind !== "refused") return outcome;
      noteWait(links.waits, { node, errand, ...outcome });
      refusal ??= outcome;
      if (outcome.retryAfterMs !== undefined) continue;
      const { code } = outcome;
      refusals = withRefusal(refusals, { operator, code });
      if (isAgreed({ refusals, code, operators })) return outcome;
    } catch (error) {
      if (signal.aborted || !isNodeFault(error)) throw error;
      fault = error;
    }
  }
  if (refusal) return { ...refusal, kind: "disputed" };
  throw fault ?? new WeftError({ code: "no-node", message: "no node answers" });
}
