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

/** Returns the inbox that an action is about, or that it creates. */
export function inboxOf(action: IdentityAction): InboxId {
  if (action.kind !== "create-inbox") return action.inbox;
  return inboxIdOf({ wallet: action.wallet.signer, salt: action.salt });
}

/** Computes an inbox's id, keccak256(abi.encode(first wallet, salt)); the salt is 32 bytes. */
export function inboxIdOf(params: { wallet: Address; salt: Hex }): InboxId {
  const wallet = concatBytes(new Uint8Array(ID_BYTES - ADDRESS_BYTES), fromHex(params.wallet));
  return asId(keccak256(concatBytes(wallet, fromHex(params.salt))));
}
