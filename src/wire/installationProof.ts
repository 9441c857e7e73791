import { signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { utf8 } from "./bytes.ts";
import { fromHex, type InboxId, type InstallationKey } from "./ids.ts";
import { type Network, networkBytes } from "./network.ts";

type Place = { readonly network: Network; readonly inbox: InboxId };

/** Signs an installation's own word that it belongs to an inbox: Ed25519, 64 bytes. */
export function signInstallationProof(params: Place & { privateKey: Uint8Array }): Uint8Array {
  return signEd25519({ privateKey: params.privateKey, message: installationProof(params) });
}

/**
 * Checks an installation's proof. The registry cannot check it, so clients and nodes do: an addition whose proof fails
 * is void.
 */
export function verifyInstallationProof(
  params: Place & { installation: InstallationKey; signature: Uint8Array },
): boolean {
  const { installation, signature } = params;
  return verifyEd25519({
    publicKey: fromHex(installation),
    message: installationProof(params),
    signature,
  });
}

/** Gives what is signed: "weft.installation.v1" ‖ chain id (u64) ‖ IdentityRegistry ‖ inbox. */
function installationProof({ network, inbox }: Place): Uint8Array {
  const { chainId, identityRegistry: contract } = network;
  return concatBytes(utf8("weft.installation.v1"), networkBytes({ chainId, contract }), fromHex(inbox));
}
