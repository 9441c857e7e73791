import { randomBytes } from "#crypto";

/** As NodeRegistry.MAX_GENERATION_STEP bounds it. */
const STEP_BYTES = 4;

/**
 * Draws a generation above the present one that nobody else will: not a copy of this node, and not this node itself
 * where a reorganization took its restart and its database forgot.
 */
export function drawGeneration(present: number): number {
  const bytes = randomBytes(STEP_BYTES);
  return present + 1 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
