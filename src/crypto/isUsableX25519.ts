import { bytesToHex } from "@noble/hashes/utils.js";

/** u coordinates, little-endian, of the points whose order divides 8; the last two are 0 and 1 unreduced. */
const smallOrder = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/**
 * False for public keys with which every shared secret is zero, or whose top bit is set (a second spelling). Nobody
 * could encrypt to them, so they must not get into a group's tree.
 */
export function isUsableX25519(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && (publicKey[31] ?? 0) < 0x80 && !smallOrder.has(bytesToHex(publicKey));
}
