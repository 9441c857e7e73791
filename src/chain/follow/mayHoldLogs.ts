import { hexToBytes, keccak256 } from "viem";
import type { Address, Hex } from "../../wire/ids.ts";

const BLOOM_BYTES = 256;
/** The number of bits that an address sets, each named by two bytes of its hash (Ethereum yellow paper, 4.4.3). */
const BITS = 3;

/** True unless a block's Bloom filter rules out that one of these contracts has written a log. */
export function mayHoldLogs(params: { bloom: Hex; contracts: readonly Address[] }): boolean {
  const filter = hexToBytes(params.bloom);
  if (filter.length !== BLOOM_BYTES) return true;
  return params.contracts.some((contract) => {
    const hash = hexToBytes(keccak256(contract));
    return Array.from({ length: BITS }, (_, i) => i).every((i) => {
      const bit = (((hash[2 * i] ?? 0) << 8) | (hash[2 * i + 1] ?? 0)) % (8 * BLOOM_BYTES);
      return ((filter[BLOOM_BYTES - 1 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
    });
  });
}
