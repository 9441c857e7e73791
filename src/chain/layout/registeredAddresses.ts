import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import type { NodeAddresses } from "../../wire/chainRecord.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";
import { peerIdOfKey, peerKeyOf } from "../../wire/peerProof.ts";

/** The contract's struct `INodeRegistry.Addresses`. */
type RegisteredAddresses = {
  readonly peerKey: Hex;
  readonly peerProof: readonly [Hex, Hex];
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

const WORD_BYTES = 32;

/**
 * Converts a node's addresses to the contract's struct. Throws `malformed` for a peer id that holds no Ed25519 key and
 * for a proof that is not 64 bytes long.
 */
export function registeredAddresses({ peerId, peerProof, multiaddrs, httpAddress }: NodeAddresses) {
  const peerKey = peerKeyOf(peerId);
  if (peerKey === undefined || peerProof?.length !== 2 * WORD_BYTES) {
    throw new WeftError({ code: "malformed", message: "a peer id that its key does not prove" });
  }
  const [r, s] = [peerProof.subarray(0, WORD_BYTES), peerProof.subarray(WORD_BYTES)];
  const proof = [toHex(r), toHex(s)] as const;
  return { peerKey: toHex(peerKey), peerProof: proof, multiaddrs: [...multiaddrs], httpAddress };
}

/** Converts the contract's struct to a node's addresses: the reverse of `registeredAddresses`. */
export function nodeAddressesOf(registered: RegisteredAddresses): NodeAddresses {
  const { peerKey, peerProof, multiaddrs, httpAddress } = registered;
  return {
    peerId: peerIdOfKey(fromHex(peerKey)),
    peerProof: concatBytes(...peerProof.map(fromHex)),
    multiaddrs,
    httpAddress,
  };
}
