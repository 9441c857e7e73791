import { randomBytes } from "#crypto";

/** The largest step is that of NodeRegistry.MAX_GENERATION_STEP: 2^32. */
const STEP_BYTES = 4;

/**
 * Draws a higher generation than the present one that nobody else draws: neither a copy of this node, nor this node
 * itself after a reorganization took its restart and its database forgot it.
 */
export function drawGeneration(present: number): number {
  const bytes = randomBytes(STEP_BYTES);
  return present + 1 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
