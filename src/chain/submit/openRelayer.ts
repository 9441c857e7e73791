import { createSerialQueue, type SerialQueue } from "../../clock/serialQueue.ts";
import type { ErrorCode } from "../../errors.ts";
import { type Address, asAddress, type Hex } from "../../wire/ids.ts";
import { accountFromKey } from "../sign/accountFromKey.ts";
import type { PayingAccount, Transaction } from "../sign/payingAccount.ts";

/** A signed transaction, ready to be sent, and what it was made of. */
export type Signed = { readonly transaction: Transaction; readonly raw: Hex };

/** One that was sent and is, as far as known, in no block; times by `steadyMs`. */
export type InFlight = Signed & {
  /** The chain's newest block, and the time, when its call was first sent. */
  readonly sinceBlock: number;
  readonly sinceMs: number;
  /** The same for the latest transaction that offers more for the call. */
  readonly pricedBlock: number;
  readonly pricedMs: number;
  /** How often more was offered though a block asks no more. */
  readonly raises: number;
  /** How often in a row no provider knew it any more. */
  readonly timesLost: number;
};

/** What an earlier process has sent and no block has; by `steadyMs`, and how often more was offered for its place. */
export type Orphan = {
  readonly nonce: number;
  readonly block: number;
  readonly ms: number;
  readonly raises: number;
};

/** Why what is sent does not land. */
export type RelayerTrouble = { readonly code: ErrorCode; readonly message: string };

/**
 * An account that pays for transactions. One object per account and process: it gives out the account's nonces, one
 * transaction at a time.
 */
export type Relayer = {
  readonly address: Address;
  readonly account: PayingAccount;
  readonly exclusively: SerialQueue["run"];
  /** The most that a unit of gas may cost, in wei. */
  readonly maxFeePerGas: bigint;
  /** By nonce. */
  readonly inFlight: Map<number, InFlight>;
  /** Nothing is in the way that an earlier process may have sent. */
  isSettled: boolean;
  /** The first in line, if this process has not sent it; since when it is. */
  orphan: Orphan | undefined;
  /** When what is in flight was last looked after. */
  tendedAtMs: number;
  /** As of then, and until when it stays without anything in flight that shows otherwise. */
  trouble: (RelayerTrouble & { readonly untilMs: number }) | undefined;
};

const WEI_PER_GWEI = 1_000_000_000n;
/** What a unit of gas may cost unless the operator says. */
const DEFAULT_MAX_FEE_GWEI = 5_000;

/** Takes a private key (32 bytes in hex), or an account that signs. */
export function openRelayer(
  params: ({ readonly privateKey: Hex } | { readonly account: PayingAccount }) & {
    readonly maxFeeGwei?: number;
  },
): Relayer {
  const account = "account" in params ? params.account : accountFromKey(params.privateKey);
  return {
    address: asAddress(account.address),
    account,
    exclusively: createSerialQueue().run,
    maxFeePerGas: BigInt(params.maxFeeGwei ?? DEFAULT_MAX_FEE_GWEI) * WEI_PER_GWEI,
    inFlight: new Map(),
    isSettled: false,
    orphan: undefined,
    tendedAtMs: Number.NEGATIVE_INFINITY,
    trouble: undefined,
  };
}
