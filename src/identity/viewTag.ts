import { hmacSha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { xwingX25519Secret } from "../crypto/xwing.ts";
import { zero } from "../crypto/zero.ts";
import { utf8 } from "../wire/bytes.ts";

const LABEL = utf8("weft.view-tag.v1");

type Place = { readonly topic: Uint8Array; readonly encapsulation: Uint8Array };

/**
 * Computes the byte by which a reader skips what is sealed to others of its bucket without opening it: the first of
 * HMAC-SHA-256(X25519 secret of the encapsulation, "weft.view-tag.v1" ‖ topic ‖ encapsulation). To whoever has neither
 * the maker's ephemeral key nor the reader's private key it is random. Its maker has the secret from the encapsulation.
 */
export function viewTagOf(params: Place & { x25519Secret: Uint8Array }): number {
  const { topic, encapsulation, x25519Secret: key } = params;
  const [tag = 0] = hmacSha256({ key, bytes: concatBytes(LABEL, topic, encapsulation) });
  return tag;
}

/** Computes the tag as the owner of a wrapper key; undefined for what is no encapsulation. */
export function ownViewTag(params: Place & { wrapperSeed: Uint8Array }): number | undefined {
  const { wrapperSeed: privateKey, encapsulation } = params;
  const x25519Secret = xwingX25519Secret({ privateKey, encapsulation });
  const tag = x25519Secret && viewTagOf({ ...params, x25519Secret });
  zero(x25519Secret);
  return tag;
}
