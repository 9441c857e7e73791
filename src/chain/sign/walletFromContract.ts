import { type Hex, toHex } from "../../wire/ids.ts";
import { digestOf } from "./digestOf.ts";
import type { TypedData, Wallet } from "./wallet.ts";

/**
 * Makes the wallet of a contract that is on the network's chain and answers ERC-1271: an owner signs, and the contract
 * says whether it agrees, once, when the record lands. Many contracts want something of their own signed around the
 * hash (a Safe its SafeMessage, for example): `wrap` gives that.
 */
export function walletFromContract(params: {
  address: Hex;
  owner: Wallet;
  /** Gives what the owner signs in place of the message whose hash (EIP-712, 32 bytes) is `digest`. */
  wrap?: (message: { readonly digest: Hex; readonly data: TypedData }) => TypedData;
}): Wallet {
  const { address, owner, wrap } = params;
  return {
    address,
    signTypedData: (data) => owner.signTypedData(wrap ? wrap({ digest: toHex(digestOf(data)), data }) : data),
  };
}
