import type { StepOutcome } from "./stepOutcome.ts";

/** What a play tells while it goes on. Times in milliseconds since the play began. */
export type PlayEvent =
  | { kind: "step-started"; line: number; do: string; title: string }
  | { kind: "step-ended"; line: number; do: string; title: string; outcome: StepOutcome; tookMs: number };
