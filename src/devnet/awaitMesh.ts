import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { WeftError } from "../errors.ts";
import { askNode } from "./askNode.ts";
import type { DevnetNode } from "./devnetNode.ts";

const POLL_MS = 50;

/**
 * Resolves when each of the running nodes is ready and connected to all others that run.
 * Throws WeftError `not-ready` that says which node lacks what.
 */
export async function awaitMesh(params: {
  nodes: readonly DevnetNode[];
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { nodes, timeoutMs, signal } = params;
  const deadline = steadyMs() + timeoutMs;
  for (;;) {
    const running = nodes.filter((node) => node.isRunning());
    const states = await Promise.all(running.map((node) => askNode({ node, signal })));
    const lacks = states.flatMap((status, index) => {
      const number = running[index]?.number;
      if (status === undefined) return [`node ${number} does not answer`];
      if (!status.ready) return [`node ${number} is not ready (${status.notReadyReason})`];
      const missing = running.length - 1 - status.peers;
      return missing > 0 ? [`node ${number} sees ${status.peers} of ${running.length - 1} others`] : [];
    });
    if (lacks.length === 0) return;
    if (steadyMs() > deadline) throw new WeftError({ code: "not-ready", message: lacks.join("; ") });
    await delay(POLL_MS, undefined, { signal });
  }
}
