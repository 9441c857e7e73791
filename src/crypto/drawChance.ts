import { randomBytes } from "#crypto";

const BITS = 48;

/** A number from 0 to below 1 that nobody can foresee. */
export function drawChance(): number {
  const bytes = randomBytes(BITS / 8);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0) / 2 ** BITS;
}
