import { bytesToHex } from "@noble/hashes/utils.js";

/** y coordinates, little-endian, of the eight points whose order divides 8; the last two are 0 and 1 unreduced. */
const smallOrderY = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/**
 * True for the 32-byte encodings of points under which one signature fits many messages. OpenSSL versions differ on
 * them, so both backends refuse them by this list.
 */
export function isSmallOrderEd25519(publicKey: Uint8Array): boolean {
  // Not `slice`: of a Buffer it is no copy.
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return smallOrderY.has(bytesToHex(y));
}
