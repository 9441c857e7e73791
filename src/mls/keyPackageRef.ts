import { sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { opaque } from "./codec/write.ts";

/** Computes the reference by which a Welcome names a key package (RFC 9420, section 5.2); 32 bytes. */
export function keyPackageRef(keyPackage: Uint8Array): Uint8Array {
  return refHash({ label: "MLS 1.0 KeyPackage Reference", value: keyPackage });
}

/** Computes RefHash (RFC 9420, section 5.2). */
export function refHash(params: { label: string; value: Uint8Array }): Uint8Array {
  return sha256(concatBytes(opaque(new TextEncoder().encode(params.label)), opaque(params.value)));
}
