import { signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { utf8 } from "./bytes.ts";
import { fromHex, type NodeId } from "./ids.ts";
import { type Network, networkBytes } from "./network.ts";

type Place = { readonly network: Pick<Network, "chainId" | "nodeRegistry">; readonly node: NodeId };

/** The prefix of a peer id that holds its own key: multihash of 36 bytes, libp2p's protobuf of an Ed25519 key. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);
const PEER_KEY_BYTES = 32;

/** Gives the multihash bytes of the peer id of an Ed25519 key. */
export function peerIdOfKey(peerKey: Uint8Array): Uint8Array {
  return concatBytes(PEER_ID_PREFIX, peerKey);
}

/** Gives the Ed25519 key of a peer id; undefined for a peer id of another kind of key. */
export function peerKeyOf(peerId: Uint8Array): Uint8Array | undefined {
  const [prefix, key] = [peerId.subarray(0, PEER_ID_PREFIX.length), peerId.subarray(PEER_ID_PREFIX.length)];
  return equalBytes(prefix, PEER_ID_PREFIX) && key.length === PEER_KEY_BYTES ? key : undefined;
}

/** Signs the peer's own word that it is this node's: Ed25519, 64 bytes. */
export function signPeerProof(params: Place & { privateKey: Uint8Array }): Uint8Array {
  return signEd25519({ privateKey: params.privateKey, message: peerProof(params) });
}

/**
 * Checks a peer's proof. The registry cannot check it, so nodes and clients do: a peer id whose proof fails is
 * nobody's.
 */
export function verifyPeerProof(params: Place & { peerId: Uint8Array; proof: Uint8Array }): boolean {
  const publicKey = peerKeyOf(params.peerId);
  if (publicKey === undefined) return false;
  return verifyEd25519({ publicKey, message: peerProof(params), signature: params.proof });
}

/** Gives what is signed: "weft.peer.v1" ‖ chain id (u64) ‖ NodeRegistry ‖ node. */
function peerProof({ network, node }: Place): Uint8Array {
  const { chainId, nodeRegistry: contract } = network;
  return concatBytes(utf8("weft.peer.v1"), networkBytes({ chainId, contract }), fromHex(node));
}
