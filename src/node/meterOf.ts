import type { Call, Meter } from "../rpc/nodeApi.ts";

/** Of a call that nobody is charged for: the node's own, a test's. */
const unmetered: Meter = { turn: (act) => act(), rows: () => undefined, keep: () => undefined };

export function meterOf(call: Call | undefined): Meter {
  return call?.meter ?? unmetered;
}
