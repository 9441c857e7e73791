/** How a step ended; what an intent comes to is told at the end of the play. */
export type StepOutcome =
  | { kind: "done" }
  | { kind: "delivered" }
  | { kind: "failed"; reason: string }
  /** The intent is durable and waits; `why` says for what. */
  | { kind: "queued"; why: string }
  /** An expectation or a settle that did not hold. */
  | { kind: "unmet"; lacks: string[] };
