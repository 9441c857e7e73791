import type { Stage } from "./stage.ts";

/** What the next play on the same devnet finds is whole. */
export async function endFaults(stage: Stage): Promise<void> {
  const { devnet, faults, signal } = stage;
  if (signal.aborted) return;
  if (faults.chainPaused) devnet.chain.resume();
  if (devnet.links.sides().length > 1) await devnet.links.heal();
}
