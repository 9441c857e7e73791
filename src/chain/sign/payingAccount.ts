import type { Address, Hex } from "../../wire/ids.ts";

/** A transaction (EIP-1559) before it is signed; amounts are in wei. */
export type Transaction = {
  readonly type: "eip1559";
  readonly chainId: number;
  readonly to: Address;
  readonly data: Hex;
  readonly value: bigint;
  readonly nonce: number;
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
};

/** An account that signs its own transactions and pays for them. A viem LocalAccount fits. */
export type PayingAccount = {
  readonly address: Hex;
  readonly signTransaction: (transaction: Transaction) => Promise<Hex>;
};
