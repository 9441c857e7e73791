import type { Append } from "../../wire/append.ts";

/** Gas that an entry takes besides its payload: a transaction, two words of storage, a signature and a log. */
const APPEND_GAS = 110_000;
/** The most that a byte of calldata costs (EIP-7623). */
export const GAS_PER_BYTE = 40;

/** Estimates the gas that an entry takes; the chain says later what it really is. */
export function gasOfAppend({ payload }: Pick<Append, "payload">): number {
  return APPEND_GAS + GAS_PER_BYTE * payload.length;
}
