import { setTimeout as delay } from "node:timers/promises";
import { holdingsOf, missingIn, unionOf } from "../../src/devnet/nodeHoldings.ts";
import type { NodeStatus } from "../../src/rpc/nodeApi.ts";
import type { Seat } from "./openWorld.ts";

const POLL_MS = 50;

/** What was lacking when it began, summed over the nodes, and the seconds until nothing of that was. */
export type Leveled = { readonly lacked: number; readonly seconds: number };

/**
 * Waits until each node holds every log as far as any node held it when this began. It asks the nodes themselves, so that the reader's own pace has no part in it. Throws who lacks how many.
 */
export async function awaitHeads(params: {
  seats: readonly Seat[];
  limitMs: number;
  signal: AbortSignal;
}): Promise<Leveled> {
  const { seats, limitMs, signal } = params;
  const startMs = performance.now();
  const ask = (): Promise<NodeStatus[]> => Promise.all(seats.map(({ api }) => api.getNode({}, { signal })));
  const wanted = unionOf((await ask()).map(holdingsOf));
  let lacked: number | undefined;
  for (;;) {
    const missing = (await ask()).map((status) => missingIn({ status, wanted }));
    const passedMs = performance.now() - startMs;
    lacked ??= Number(missing.reduce((sum, count) => sum + count, 0n));
    if (missing.every((count) => count === 0n)) return { lacked, seconds: passedMs / 1_000 };
    if (passedMs > limitMs) {
      const lacks = seats.map(({ host }, index) => `${host.name} lacks ${missing[index]}`);
      throw new Error(`after ${Math.round(passedMs / 1_000)} s ${lacks.join(", ")}`);
    }
    await delay(POLL_MS, undefined, { signal });
  }
}
