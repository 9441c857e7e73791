import { generateKeyPairFromSeed, publicKeyFromProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey, peerIdFromPublicKey } from "@libp2p/peer-id";
import { fromHex, type Hex } from "../wire/ids.ts";

/** Multihash prefix of a key that is its own hash: identity function, 36 bytes. */
const IDENTITY_PREFIX = [0x00, 0x24];

/** The peer id of a libp2p key (Ed25519 seed, 32 bytes): as text, and as the registry's multihash bytes. */
export async function peerIdOf(params: {
  privateKey: Uint8Array;
}): Promise<{ readonly text: string; readonly bytes: Uint8Array }> {
  const key = await generateKeyPairFromSeed("Ed25519", params.privateKey);
  const peerId = peerIdFromPrivateKey(key);
  return { text: peerId.toString(), bytes: peerId.toMultihash().bytes };
}

/** The text of a registered peer id; undefined if it is not that of an Ed25519 key. */
export function peerIdText(peerId: Hex): string | undefined {
  const bytes = fromHex(peerId);
  if (!IDENTITY_PREFIX.every((byte, i) => bytes[i] === byte)) return undefined;
  try {
    return peerIdFromPublicKey(publicKeyFromProtobuf(bytes.subarray(IDENTITY_PREFIX.length))).toString();
  } catch {
    return undefined;
  }
}
