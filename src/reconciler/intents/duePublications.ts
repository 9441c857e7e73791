import type { Publication } from "../view/viewOfGroup.ts";
import type { Delivery } from "./deliveryStep.ts";
import { MAX_WELCOME_SPREAD_MS } from "./spreadWelcomes.ts";

/**
 * Lists the publications that may leave now, and tells how long it is until the next of the others may, in
 * milliseconds. Pure.
 */
export function duePublications(params: { publications: readonly Publication[]; nowMs: number }): {
  readonly due: readonly Publication[];
  readonly nextMs: number | undefined;
} {
  const { publications, nowMs } = params;
  const waits = publications.map((one) => dueInMs(one, nowMs)).filter((ms) => ms > 0);
  return {
    due: publications.filter((one) => dueInMs(one, nowMs) === 0),
    nextMs: waits.length > 0 ? Math.min(...waits) : undefined,
  };
}

/** How long until it may leave. One that is due much later was stored before the clock went back. */
function dueInMs({ record }: Publication, nowMs: number): number {
  const ms = record.state === "pending" ? (record.dueAtMs ?? 0) - nowMs : 0;
  return ms > 0 && ms <= MAX_WELCOME_SPREAD_MS ? ms : 0;
}

/** Picks the step to take of several: what is to be done comes before what is to be waited for. Pure. */
export function firstStep(steps: readonly Delivery[]): Delivery {
  const toDo = steps.find(({ kind }) => kind === "publish" || kind === "look-for");
  if (toDo) return toDo;
  const waits = steps.flatMap((step) => (step.kind === "wait" ? [step.ms] : []));
  return waits.length > 0 ? { kind: "wait", ms: Math.min(...waits) } : { kind: "idle" };
}
