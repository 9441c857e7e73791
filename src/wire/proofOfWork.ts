import { sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { u64, utf8 } from "./bytes.ts";
import { PROOF_OF_WORK_BITS } from "./limits.ts";

/**
 * The lowest nonce at which SHA-256("weft.work.v1" ‖ topic ‖ SHA-256(content) ‖ nonce) starts with enough zero bits;
 * `content` is the payload's encoding with nonce 0. About 2^PROOF_OF_WORK_BITS hashes.
 */
export function solveWork(params: { topic: Uint8Array; content: Uint8Array }): bigint {
  const candidate = concatBytes(workPrefix(params), u64(0));
  const counter = new DataView(candidate.buffer, candidate.length - 4);
  for (let nonce = 0; nonce < 2 ** 32; nonce++) {
    counter.setUint32(0, nonce);
    if (hasZeroBits(sha256(candidate))) return BigInt(nonce);
  }
  throw new WeftError({ code: "internal", message: "no nonce of 32 bits is a proof of work" });
}

export function checkWork(params: { topic: Uint8Array; content: Uint8Array; nonce: bigint }): boolean {
  return hasZeroBits(sha256(concatBytes(workPrefix(params), u64(params.nonce))));
}

function workPrefix(params: { topic: Uint8Array; content: Uint8Array }): Uint8Array {
  return concatBytes(utf8("weft.work.v1"), params.topic, sha256(params.content));
}

function hasZeroBits(hash: Uint8Array): boolean {
  const first = new DataView(hash.buffer, hash.byteOffset).getUint32(0);
  return Math.clz32(first) >= PROOF_OF_WORK_BITS;
}
