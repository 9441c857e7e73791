import { hkdfExpand } from "#crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { opaque, uint16 } from "../codec/write.ts";
import { HASH_LENGTH } from "../limits.ts";

const EMPTY = new Uint8Array(0);

/** Derives by ExpandWithLabel (RFC 9420, section 8). */
export function expandWithLabel(params: {
  secret: Uint8Array;
  label: string;
  context: Uint8Array;
  length: number;
}): Uint8Array {
  const { secret, label, context, length } = params;
  const info = concatBytes(uint16(length), opaque(mlsLabel(label)), opaque(context));
  return hkdfExpand({ prk: secret, info, length });
}

/** Derives by DeriveSecret (RFC 9420, section 8). */
export function deriveSecret(secret: Uint8Array, label: string): Uint8Array {
  return expandWithLabel({ secret, label, context: EMPTY, length: HASH_LENGTH });
}

/** Gives the label of a derivation, signature or encryption; its prefix keeps it apart from other protocols'. */
export function mlsLabel(label: string): Uint8Array {
  return new TextEncoder().encode(`MLS 1.0 ${label}`);
}
