import type { Call, Meter } from "../rpc/nodeApi.ts";

/** The meter of a call that nobody is charged for: the node's own, or a test's. */
const unmetered: Meter = { turn: (act) => act(), rows: () => undefined, keep: () => undefined };

export function meterOf(call: Call | undefined): Meter {
  return call?.meter ?? unmetered;
}
