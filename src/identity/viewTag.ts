import { hmacSha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { xwingX25519OfMaker, xwingX25519OfOwner } from "../crypto/xwing.ts";
import { zero } from "../crypto/zero.ts";
import { utf8 } from "../wire/bytes.ts";

/**
 * One byte by which a reader skips what is sealed to others of its bucket without opening it: the first of
 * HMAC-SHA-256(X25519 secret of the encapsulation, "weft.view-tag.v1" ‖ topic ‖ encapsulation). To whoever has neither
 * the maker's ephemeral key nor the reader's private key it is random.
 */
type Place = { readonly topic: Uint8Array; readonly encapsulation: Uint8Array };

/** `undefined` if the wrapper key is not a valid one. */
export function viewTagFor(
  params: Place & { wrapperKey: Uint8Array; randomness: Uint8Array },
): number | undefined {
  const { wrapperKey: publicKey, randomness } = params;
  return viewTagOf(params, xwingX25519OfMaker({ publicKey, randomness }));
}

export function ownViewTag(params: Place & { wrapperSeed: Uint8Array }): number | undefined {
  const { wrapperSeed: privateKey, encapsulation } = params;
  return viewTagOf(params, xwingX25519OfOwner({ privateKey, encapsulation }));
}

function viewTagOf({ topic, encapsulation }: Place, key: Uint8Array | undefined): number | undefined {
  if (key === undefined) return undefined;
  const bytes = concatBytes(utf8("weft.view-tag.v1"), topic, encapsulation);
  const [tag] = hmacSha256({ key, bytes });
  zero(key);
  return tag;
}
