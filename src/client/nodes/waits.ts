import { steadyMs } from "../../clock/steadyMs.ts";
import type { NodeId } from "../../wire/ids.ts";

/** What a node was asked for and is not to be asked for again for a while: any call, a relay, room for a topic. */
export type Errand = "calls" | `relay ${string}` | `publish ${string}`;

/** The times until which nodes have told this client to wait, by node and errand, in ms by `steadyMs`. Mutable. */
export type Waits = Map<string, number>;

type Place = { readonly node: NodeId; readonly errand: Errand };

/**
 * The longest that a client waits because a node tells it to: whoever has no other node asks an honest one again in
 * vain once a minute, and a node that lies holds nobody up for longer.
 */
export const MAX_WAIT_MS = 60_000;
/** So many waits are kept, the newest. */
const MAX_WAITS = 4_096;

/** Keeps a wait that a node has told; a refusal without a time tells none. */
export function noteWait(
  waits: Waits,
  { node, errand, retryAfterMs = 0 }: Place & { retryAfterMs?: number | undefined },
): void {
  const nowMs = steadyMs();
  const untilMs = nowMs + boundedWaitMs(retryAfterMs);
  const key = keyOf({ node, errand });
  if (untilMs <= (waits.get(key) ?? nowMs)) return;
  waits.delete(key);
  waits.set(key, untilMs);
  const [oldest] = waits.keys();
  if (waits.size > MAX_WAITS && oldest !== undefined) waits.delete(oldest);
}

/** Gives the milliseconds for which a node is not to be asked for something; 0: it may be asked now. */
export function waitLeftMs(waits: Waits, { node, errand }: Place): number {
  const untilMs = Math.max(
    waits.get(keyOf({ node, errand: "calls" })) ?? 0,
    waits.get(keyOf({ node, errand })) ?? 0,
  );
  return Math.max(0, untilMs - steadyMs());
}

/** Bounds what a node tells: a time that is none counts as no wait. */
export function boundedWaitMs(toldMs: number): number {
  return toldMs > 0 ? Math.min(MAX_WAIT_MS, toldMs) : 0;
}

function keyOf({ node, errand }: Place): string {
  return `${node} ${errand}`;
}
