import { type Address, asAddress, type Hex } from "../wire/ids.ts";
import { accountFromKey } from "./accountFromKey.ts";
import type { PayingAccount, Transaction } from "./payingAccount.ts";
import { createSerialQueue, type SerialQueue } from "./serialQueue.ts";

/** A signed transaction, ready to be sent, and what it was made of. */
export type Signed = { readonly transaction: Transaction; readonly raw: Hex };

/**
 * An account that pays for transactions. One object per account and process: it gives out the account's nonces, one
 * transaction at a time.
 */
export type Relayer = {
  readonly address: Address;
  readonly account: PayingAccount;
  readonly exclusively: SerialQueue;
  /** Transactions by nonce which were sent and, as far as known, are in no block. */
  readonly inFlight: Map<number, Signed>;
};

/** Takes a private key (32 bytes in hex), or an account that signs. */
export function openRelayer(
  params: { readonly privateKey: Hex } | { readonly account: PayingAccount },
): Relayer {
  const account = "account" in params ? params.account : accountFromKey(params.privateKey);
  return {
    address: asAddress(account.address),
    account,
    exclusively: createSerialQueue(),
    inFlight: new Map(),
  };
}
