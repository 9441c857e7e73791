import { signP256, verifyP256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { u32, utf8 } from "./bytes.ts";
import { type EnvelopeHash, fromHex, type NodeId } from "./ids.ts";
import { type Network, networkBytes } from "./network.ts";

type Params = {
  network: Pick<Network, "chainId" | "nodeRegistry">;
  /** The node whose word it is. */
  node: NodeId;
  /** Envelopes that are all on the node's disk. */
  hashes: readonly EnvelopeHash[];
};

/**
 * Signs a node's word that it has these envelopes: P-256 by its signing key over "weft.delivered.v1" ‖ network ‖ node ‖
 * count (u32) ‖ envelope hashes, in order. `network` names the node registry.
 */
export function signDelivered(params: Params & { signingKey: Uint8Array }): Uint8Array {
  return signP256({ privateKey: params.signingKey, message: wordOf(params) });
}

/** True if a node's word is signed by this key (P-256, 33 bytes, compressed). */
export function verifyDelivered(params: Params & { signature: Uint8Array; signingKey: Uint8Array }): boolean {
  const { signature, signingKey: publicKey } = params;
  return verifyP256({ publicKey, message: wordOf(params), signature });
}

function wordOf({ network, node, hashes }: Params): Uint8Array {
  const { chainId, nodeRegistry: contract } = network;
  const place = networkBytes({ chainId, contract });
  return concatBytes(
    utf8("weft.delivered.v1"),
    place,
    fromHex(node),
    u32(hashes.length),
    ...hashes.map((hash) => fromHex(hash)),
  );
}
