import type { Publication } from "../view/viewOfGroup.ts";
import type { Delivery } from "./deliveryStep.ts";
import { MAX_WELCOME_SPREAD_MS } from "./spreadWelcomes.ts";

/**
 * Lists the publications that may leave now, and tells the milliseconds until the next of the others may leave. Pure.
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

/**
 * Tells the time until the publication may leave. If that is very long, the time was stored before the clock went back.
 */
function dueInMs({ record }: Publication, nowMs: number): number {
  const ms = record.state === "pending" ? (record.dueAtMs ?? 0) - nowMs : 0;
  return ms > 0 && ms <= MAX_WELCOME_SPREAD_MS ? ms : 0;
}

/** Picks the step to take of several: a step that does something comes before a step that waits. Pure. */
export function firstStep(steps: readonly Delivery[]): Delivery {
  const toDo = steps.find(({ kind }) => kind === "publish" || kind === "look-for");
  if (toDo) return toDo;
  const waits = steps.flatMap((step) => (step.kind === "wait" ? [step.ms] : []));
  return waits.length > 0 ? { kind: "wait", ms: Math.min(...waits) } : { kind: "idle" };
}
