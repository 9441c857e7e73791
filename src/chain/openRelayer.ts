import { privateKeyToAccount } from "viem/accounts";
import { type Address, asAddress, type Hex } from "../wire/ids.ts";
import { createSerialQueue, type SerialQueue } from "./serialQueue.ts";

/**
 * An account that pays for transactions. One object per account and process: it gives out the account's nonces, one
 * transaction at a time.
 */
export type Relayer = {
  readonly address: Address;
  readonly account: ReturnType<typeof privateKeyToAccount>;
  readonly exclusively: SerialQueue;
  /** Signed transactions by nonce which were sent and, as far as known, are in no block. */
  readonly inFlight: Map<number, Hex>;
};

export function openRelayer(params: { privateKey: Hex }): Relayer {
  const account = privateKeyToAccount(params.privateKey);
  return {
    address: asAddress(account.address),
    account,
    exclusively: createSerialQueue(),
    inFlight: new Map(),
  };
}
