import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { askNode } from "./askNode.ts";
import type { DevnetNode } from "./devnetNode.ts";

const POLL_MS = 50;

/** True when the node answers everything; false if it does not by then, as when the chain stands still. */
export async function awaitReady(params: {
  node: DevnetNode;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<boolean> {
  const { node, timeoutMs, signal } = params;
  const deadline = steadyMs() + timeoutMs;
  for (;;) {
    const status = await askNode({ node, signal });
    if (status?.ready === true) return true;
    if (steadyMs() > deadline) return false;
    await delay(POLL_MS, undefined, { signal });
  }
}
