import { bytesToHex } from "@noble/hashes/utils.js";

/** Lower-case hex digits without a prefix. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}
