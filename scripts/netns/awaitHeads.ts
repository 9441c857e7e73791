import { setTimeout as delay } from "node:timers/promises";
import { holdingsOf, missingIn, unionOf } from "../../src/devnet/nodeHoldings.ts";
import type { NodeStatus } from "../../src/rpc/nodeApi.ts";
import type { Seat } from "./openWorld.ts";

const POLL_MS = 50;

/**
 * Waits until each node holds every log as far as any node held it when this began, and resolves with the seconds that
 * took. It asks the nodes themselves, so that the reader's own pace has no part in it. Throws who lacks how many.
 */
export async function awaitHeads(params: {
  seats: readonly Seat[];
  limitMs: number;
  signal: AbortSignal;
}): Promise<number> {
  const { seats, limitMs, signal } = params;
  const startMs = performance.now();
  const ask = (): Promise<NodeStatus[]> => Promise.all(seats.map(({ api }) => api.getNode({}, { signal })));
  const wanted = unionOf((await ask()).map(holdingsOf));
  for (;;) {
    const missing = (await ask()).map((status) => missingIn({ status, wanted }));
    const passedMs = performance.now() - startMs;
    if (missing.every((count) => count === 0n)) return passedMs / 1_000;
    if (passedMs > limitMs) {
      const lacks = seats.map(({ host }, index) => `${host.name} lacks ${missing[index]}`);
      throw new Error(`after ${Math.round(passedMs / 1_000)} s ${lacks.join(", ")}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
