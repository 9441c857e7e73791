import { concatBytes } from "../../crypto/concatBytes.ts";
import { WeftError } from "../../errors.ts";
import type { NodeAddresses } from "../../wire/chainRecord.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";
import { peerIdOfKey, peerKeyOf } from "../../wire/peerProof.ts";

/** INodeRegistry.Addresses. */
type RegisteredAddresses = {
  readonly peerKey: Hex;
  readonly peerProof: readonly [Hex, Hex];
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

const WORD_BYTES = 32;

/** Throws `malformed` for a peer id that is no Ed25519 key and a proof that is no signature. */
export function registeredAddresses({ peerId, peerProof, multiaddrs, httpAddress }: NodeAddresses) {
  const peerKey = peerKeyOf(peerId);
  if (peerKey === undefined || peerProof?.length !== 2 * WORD_BYTES) {
    throw new WeftError({ code: "malformed", message: "a peer id that its key does not prove" });
  }
  const [r, s] = [peerProof.subarray(0, WORD_BYTES), peerProof.subarray(WORD_BYTES)];
  const proof = [toHex(r), toHex(s)] as const;
  return { peerKey: toHex(peerKey), peerProof: proof, multiaddrs: [...multiaddrs], httpAddress };
}

/** How a node is reached, as the registry has it. */
export function nodeAddressesOf(registered: RegisteredAddresses): NodeAddresses {
  const { peerKey, peerProof, multiaddrs, httpAddress } = registered;
  return {
    peerId: peerIdOfKey(fromHex(peerKey)),
    peerProof: concatBytes(...peerProof.map(fromHex)),
    multiaddrs,
    httpAddress,
  };
}
