import type { Relayer } from "../../chain/submit/openRelayer.ts";

/** What the node's accounts hold, as of the latest look. Mutable: `readPurse` looks. */
export type Purse = {
  /** What the relaying account holds, and what the operator's does; undefined: nobody has looked yet. */
  balanceWei: bigint | undefined;
  operatorWei: bigint | undefined;
  /** When somebody last looked, by `steadyMs`. */
  readAtMs: number;
};

export const EMPTY_PURSE: Readonly<Purse> = {
  balanceWei: undefined,
  operatorWei: undefined,
  readAtMs: Number.NEGATIVE_INFINITY,
};

/** What is left once all transactions that are on their way have landed, each at the most that it may cost. */
export function spendableWei(params: { relayer: Relayer; purse: Purse }): bigint {
  const { relayer, purse } = params;
  const costs = [...relayer.inFlight.values()].map(({ transaction }) => {
    return transaction.gas * transaction.maxFeePerGas + transaction.value;
  });
  return (purse.balanceWei ?? 0n) - costs.reduce((sum, wei) => sum + wei, 0n);
}
