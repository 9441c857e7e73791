import { setTimeout as delay } from "node:timers/promises";
import type { NodeSeat, World } from "./world.ts";

/** What a supervisor waits between two attempts. */
const PAUSE_MS = 1_000;

/** Starts a node's process again, as a supervisor does: until it runs. Resolves when it is ready. */
export async function reviveNode(params: { world: World; seat: NodeSeat }): Promise<void> {
  const { world, seat } = params;
  while (!world.signal.aborted) {
    try {
      await seat.node.start();
      world.ended.delete(seat.name);
      return;
    } catch (error) {
      if (world.signal.aborted) return;
      world.failures.push(`${seat.name} could not be started: ${String(error).slice(0, 600)}`);
      await delay(PAUSE_MS);
    }
  }
}
