import { createSerialQueue, type SerialQueue } from "../../clock/serialQueue.ts";
import type { ErrorCode } from "../../errors.ts";
import { type Address, asAddress, type Hex } from "../../wire/ids.ts";
import { accountFromKey } from "../sign/accountFromKey.ts";
import type { PayingAccount, Transaction } from "../sign/payingAccount.ts";

/** A transaction and its signed bytes, ready to be sent. */
export type Signed = { readonly transaction: Transaction; readonly raw: Hex };

/** A transaction that was sent and is, as far as known, in no block; times are by `steadyMs`. */
export type InFlight = Signed & {
  /** The chain's newest block, and the time, when its call was first sent, or another provider was last turned to. */
  readonly sinceBlock: number;
  readonly sinceMs: number;
  /** The newest block, and the time, when the latest offer for the call was made. */
  readonly pricedBlock: number;
  readonly pricedMs: number;
  /** How often more was offered although blocks asked for no more. */
  readonly raises: number;
  /** How often it was found lost since the provider in use was turned to. */
  readonly timesLost: number;
};

/** A transaction that an earlier process sent and no block has, as this process has seen it. */
export type Orphan = {
  readonly nonce: number;
  /** The chain's newest block, and the time by `steadyMs`, when this process first saw it. */
  readonly block: number;
  readonly ms: number;
  /** How often this process has tried to take its place. */
  readonly raises: number;
};

/** Why a relayer's transactions do not land. */
export type RelayerTrouble = { readonly code: ErrorCode; readonly message: string };

/**
 * An account that pays for transactions. A process has one object per account, which gives out the account's nonces,
 * one transaction at a time. Mutable.
 */
export type Relayer = {
  readonly address: Address;
  readonly account: PayingAccount;
  /** Runs one task at a time. */
  readonly exclusively: SerialQueue["run"];
  /** The most that a unit of gas may cost, in wei. */
  readonly maxFeePerGas: bigint;
  /** The transactions in flight, by nonce. */
  readonly inFlight: Map<number, InFlight>;
  /** True once it is known that no transaction of an earlier process waits for a block. */
  isSettled: boolean;
  /** The first transaction in line, if an earlier process sent it. */
  orphan: Orphan | undefined;
  /** When the transactions in flight were last looked after, by `steadyMs`. */
  tendedAtMs: number;
  /** What was wrong then; it stands until `untilMs` if nothing is in flight that shows its end. */
  trouble: (RelayerTrouble & { readonly untilMs: number }) | undefined;
};

const WEI_PER_GWEI = 1_000_000_000n;
/** The most that a unit of gas may cost by default. */
const DEFAULT_MAX_FEE_GWEI = 5_000;

/**
 * Makes a relayer of a private key (32 bytes in hex) or of an account that signs; sends nothing. Throws `malformed` for
 * a key that is none.
 */
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
