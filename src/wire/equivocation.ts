import { verifyP256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { WeftError } from "../errors.ts";
import { type BatchHeader, decodeBatchHeader } from "./batchHeader.ts";
import { checkLength } from "./decodeStrict.ts";
import { BATCH_HEADER_BYTES } from "./limits.ts";
import type { Network } from "./network.ts";

/** A header that a node has signed. */
export type SignedHeader = { readonly header: Uint8Array; readonly signature: Uint8Array };

/** Two different headers of one node for the same sequence of one log. */
export type EquivocationProof = {
  readonly node: BatchHeader["node"];
  readonly a: SignedHeader;
  readonly b: SignedHeader;
};

const SIGNATURE_BYTES = 64;
const PART_BYTES = BATCH_HEADER_BYTES + SIGNATURE_BYTES;
export const PROOF_BYTES = 2 * PART_BYTES;

/** Makes a proof of two headers; undefined if they don't contradict each other. Throws `malformed`. */
export function proofOf(a: SignedHeader, b: SignedHeader): EquivocationProof | undefined {
  const [one, other] = [decodeBatchHeader(a.header), decodeBatchHeader(b.header)];
  if (!isConflict(one, other) || equalBytes(a.header, b.header)) return undefined;
  return { node: one.node, a, b };
}

/** Encodes a proof: header ‖ signature ‖ header ‖ signature. */
export function encodeProof({ a, b }: EquivocationProof): Uint8Array {
  return concatBytes(a.header, a.signature, b.header, b.signature);
}

/**
 * Decodes a proof. Throws `malformed`, also for headers that don't contradict each other. `verifyProof` checks
 * signatures.
 */
export function decodeProof(bytes: Uint8Array): EquivocationProof {
  checkLength({ bytes, length: PROOF_BYTES, what: "a proof of equivocation" });
  const part = (at: number): SignedHeader => ({
    header: bytes.slice(at, at + BATCH_HEADER_BYTES),
    signature: bytes.slice(at + BATCH_HEADER_BYTES, at + PART_BYTES),
  });
  const proof = proofOf(part(0), part(PART_BYTES));
  if (proof !== undefined) return proof;
  throw new WeftError({ code: "malformed", message: "two headers that do not contradict each other" });
}

/** True if both headers are of this network and signed by this P-256 key (33 bytes, compressed). */
export function verifyProof(params: {
  proof: EquivocationProof;
  network: Network;
  signingKey: Uint8Array;
}): boolean {
  const { proof, network, signingKey: publicKey } = params;
  return [proof.a, proof.b].every(({ header: message, signature }) => {
    const { chainId, nodeRegistry } = decodeBatchHeader(message);
    if (chainId !== network.chainId || nodeRegistry !== network.nodeRegistry) return false;
    return verifyP256({ publicKey, message, signature });
  });
}

function isConflict(a: BatchHeader, b: BatchHeader): boolean {
  const sameRegistry = a.chainId === b.chainId && a.nodeRegistry === b.nodeRegistry;
  const sameLog = a.node === b.node && a.generation === b.generation && a.shard === b.shard;
  const overlap =
    a.firstSequence < b.firstSequence + BigInt(b.count) &&
    b.firstSequence < a.firstSequence + BigInt(a.count);
  return sameRegistry && sameLog && overlap;
}
