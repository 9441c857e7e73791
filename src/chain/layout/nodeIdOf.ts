import { concatBytes } from "../../crypto/concatBytes.ts";
import { keccak256 } from "../../crypto/keccak256.ts";
import { p256Coordinates } from "../../crypto/p256Point.ts";
import { ADDRESS_BYTES, type Address, asId, fromHex, ID_BYTES, type NodeId } from "../../wire/ids.ts";

/**
 * Computes a node's id, keccak256(abi.encode(operator, x, y)), from its P-256 key (33 bytes, compressed). Throws
 * `malformed` for a key that is none.
 */
export function nodeIdOf(params: { operator: Address; signingKey: Uint8Array }): NodeId {
  const { x, y } = p256Coordinates(params.signingKey);
  const operator = concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), fromHex(params.operator));
  return asId(keccak256(concatBytes(operator, x, y)));
}
