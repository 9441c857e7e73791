import { concatBytes } from "../../crypto/concatBytes.ts";
import { keccak256 } from "../../crypto/keccak256.ts";
import type { IdentityAction } from "../../wire/identityAction.ts";
import {
  ADDRESS_BYTES,
  type Address,
  asId,
  fromHex,
  type Hex,
  ID_BYTES,
  type InboxId,
} from "../../wire/ids.ts";

/** The inbox that an action is about: one that it founds has its id from wallet and salt. */
export function inboxOf(action: IdentityAction): InboxId {
  if (action.kind !== "create-inbox") return action.inbox;
  return inboxIdOf({ wallet: action.wallet.signer, salt: action.salt });
}

/** keccak256(abi.encode(first wallet, salt)); the salt is 32 bytes. */
export function inboxIdOf(params: { wallet: Address; salt: Hex }): InboxId {
  const wallet = concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), fromHex(params.wallet));
  return asId(keccak256(concatBytes(wallet, fromHex(params.salt))));
}
