import { p256 } from "@noble/curves/nist.js";

const RECOVERY_BITS = [0, 1, 2, 3];

/**
 * Lists the P-256 keys (x ‖ y, 64 bytes each) of which each might have made a signature (r ‖ s, 64 bytes) of a digest:
 * two as a rule. None for what is no signature.
 */
export function recoverP256(params: {
  digest: Uint8Array;
  signature: Uint8Array;
}): readonly Uint8Array<ArrayBuffer>[] {
  const { digest, signature } = params;
  return RECOVERY_BITS.flatMap((bit) => {
    try {
      const parsed = p256.Signature.fromBytes(signature, "compact").addRecoveryBit(bit);
      return [Uint8Array.from(parsed.recoverPublicKey(digest).toBytes(false).subarray(1))];
    } catch {
      return [];
    }
  });
}
