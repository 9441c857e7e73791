import { sha256, sha256Start } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { u64, utf8 } from "./bytes.ts";
import { letOthersRun } from "./letOthersRun.ts";
import { PROOF_OF_WORK_BITS, WORK_UNIT_BYTES } from "./limits.ts";

/** What a proof of work is bound to; `content` is the payload's encoding with nonce 0. */
export type Work = { readonly topic: Uint8Array; readonly content: Uint8Array };

/** How many hashes are computed before others have their turn: 2 ms on a computer, 20 ms on a phone. */
const SLICE_HASHES = 2048;

/**
 * Finds the lowest nonce at which SHA-256("weft.work.v1" ‖ topic ‖ SHA-256(content) ‖ nonce) starts with enough zero
 * bits: about 2^workBits hashes, at once.
 */
export function solveWork(work: Work): bigint {
  const search = openSearch(work);
  for (;;) {
    const nonce = search(SLICE_HASHES);
    if (nonce !== undefined) return nonce;
  }
}

/** Finds the nonce that `solveWork` finds, in slices: whatever else this thread has to do goes on meanwhile. */
export async function solveWorkInSlices(work: Work): Promise<bigint> {
  const search = openSearch(work);
  for (;;) {
    const nonce = search(SLICE_HASHES);
    if (nonce !== undefined) return nonce;
    await letOthersRun();
  }
}

/** True if a nonce is a proof of this work. */
export function checkWork(params: Work & { nonce: bigint }): boolean {
  const start = sha256Start(concatBytes(workPrefix(params), u64(params.nonce)));
  return Math.clz32(start) >= workBits(params.content.length);
}

/**
 * Gives the zero bits that a payload of so many bytes needs: from WORK_UNIT_BYTES on the hashes grow as the bytes do.
 */
export function workBits(bytes: number): number {
  const units = Math.max(1, Math.ceil(bytes / WORK_UNIT_BYTES));
  return PROOF_OF_WORK_BITS + 32 - Math.clz32(units - 1);
}

/** Opens a search that looks at so many nonces more each time that it is called. */
function openSearch(work: Work): (hashes: number) => bigint | undefined {
  const bits = workBits(work.content.length);
  const candidate = concatBytes(workPrefix(work), u64(0));
  const counter = new DataView(candidate.buffer, candidate.length - 4);
  let next = 0;
  return (hashes) => {
    const end = Math.min(next + hashes, 2 ** 32);
    if (next === end)
      throw new WeftError({ code: "internal", message: "no nonce of 32 bits is a proof of work" });
    for (; next < end; next++) {
      counter.setUint32(0, next);
      if (Math.clz32(sha256Start(candidate)) >= bits) return BigInt(next);
    }
    return undefined;
  };
}

function workPrefix(params: Work): Uint8Array {
  return concatBytes(utf8("weft.work.v1"), params.topic, sha256(params.content));
}
