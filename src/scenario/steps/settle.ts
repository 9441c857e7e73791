import { takeSeconds } from "../fields.ts";
import { settle } from "../settle.ts";
import type { StepReader } from "../step.ts";

/** How long a settle waits that names no time. */
export const SETTLE_TIMEOUT_SECONDS = 60;

/** `{"do":"settle","timeoutSeconds":60}`: until nothing is left to do. */
export const readSettle: StepReader = (fields) => {
  const timeoutSeconds = takeSeconds(fields, "timeoutSeconds", { absent: SETTLE_TIMEOUT_SECONDS });
  return { title: "everyone settles", body: settleStep(timeoutSeconds) };
};

/** The settle that follows a file that does not end with one. */
export function settleStep(timeoutSeconds: number) {
  return {
    kind: "move" as const,
    clients: [],
    nodes: [],
    play: (stage: Parameters<typeof settle>[0]["stage"]) =>
      settle({ stage, timeoutMs: timeoutSeconds * 1000 }),
  };
}
