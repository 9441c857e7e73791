import { recoverAddress } from "../../crypto/secp256k1.ts";
import type { Append } from "../../wire/append.ts";
import { type Address, asAddress } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";
import { appendDigest } from "./signAppend.ts";

/** Recovers the address of the account that signed an append; undefined if the signature is no account's. */
export function appendSigner(params: { network: Network; append: Append }): Address | undefined {
  const { network, append } = params;
  const digest = appendDigest({ network, ...append });
  const signer = recoverAddress({ digest, signature: append.signature });
  return signer === undefined ? undefined : asAddress(signer);
}
