import { generateKeyPairFromSeed, publicKeyFromRaw } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey, peerIdFromPublicKey } from "@libp2p/peer-id";
import { fromHex, type Hex } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import { peerKeyOf, verifyPeerProof } from "../wire/peerProof.ts";
import type { RegisteredNode } from "./nodeDirectory.ts";

/** Returns the peer id of a libp2p key (Ed25519 seed, 32 bytes): as text, and as the registry's multihash bytes. */
export async function peerIdOf(params: {
  privateKey: Uint8Array;
}): Promise<{ readonly text: string; readonly bytes: Uint8Array }> {
  const key = await generateKeyPairFromSeed("Ed25519", params.privateKey);
  const peerId = peerIdFromPrivateKey(key);
  return { text: peerId.toString(), bytes: peerId.toMultihash().bytes };
}

/** Returns the text of a registered peer id; undefined if the id holds no Ed25519 key. */
export function peerIdText(peerId: Hex): string | undefined {
  const key = peerKeyOf(fromHex(peerId));
  return key && peerIdFromPublicKey(publicKeyFromRaw(key)).toString();
}

/** The results for records of the registry, which are immutable. */
const known = new WeakMap<RegisteredNode, string | undefined>();

/** Returns a node's peer id as text; undefined if the peer's key does not prove that it is this node's. */
export function provenPeerId(params: { network: Network; node: RegisteredNode }): string | undefined {
  const { node } = params;
  if (known.has(node)) return known.get(node);
  const text = isProven(params) ? peerIdText(node.peerId) : undefined;
  known.set(node, text);
  return text;
}

function isProven({ network, node }: { network: Network; node: RegisteredNode }): boolean {
  const { node: id, peerId, peerProof } = node;
  if (peerProof === undefined) return false;
  return verifyPeerProof({ network, node: id, peerId: fromHex(peerId), proof: fromHex(peerProof) });
}
