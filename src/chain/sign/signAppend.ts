import { hashTypedData } from "viem";
import { keccak256 } from "../../crypto/keccak256.ts";
import { signDigest } from "../../crypto/secp256k1.ts";
import type { Append } from "../../wire/append.ts";
import { fromHex, toHex } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

const types = {
  Append: [
    { name: "group", type: "bytes32" },
    { name: "parent", type: "bytes32" },
    { name: "limit", type: "uint24" },
    { name: "authority", type: "address" },
    { name: "payloadHash", type: "bytes32" },
  ],
} as const;

type SignedFields = Omit<Append, "signature"> & { readonly network: Network };

/**
 * Signs an append (EIP-712, see contracts/ICommitLog.sol) with the private key (32 bytes) of the parent's authority.
 * The same input always gives the same 65 bytes: r ‖ s ‖ v.
 */
export function signAppend(params: SignedFields & { privateKey: Uint8Array }): Uint8Array {
  return signDigest({ privateKey: params.privateKey, digest: appendDigest(params) });
}

/** Computes the hash that `signAppend` signs (EIP-712): 32 bytes. */
export function appendDigest(params: SignedFields): Uint8Array {
  const { network, group, parent, limit, authority, payload } = params;
  const digest = hashTypedData({
    domain: {
      name: "Weft CommitLog",
      version: "2",
      chainId: network.chainId,
      verifyingContract: network.commitLog,
    },
    types,
    primaryType: "Append",
    message: { group, parent, limit, authority, payloadHash: toHex(keccak256(payload)) },
  });
  return fromHex(digest);
}
