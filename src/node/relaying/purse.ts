import type { Relayer } from "../../chain/submit/openRelayer.ts";

/** What the node's accounts hold, as of the latest look. Mutable: `readPurse` looks. */
export type Purse = {
  /** Of the relaying account, and of the operator's; undefined: nobody has looked yet. */
  balanceWei: bigint | undefined;
  operatorWei: bigint | undefined;
  /** When it was looked at, by `steadyMs`. */
  readAtMs: number;
};

export const EMPTY_PURSE: Readonly<Purse> = {
  balanceWei: undefined,
  operatorWei: undefined,
  readAtMs: Number.NEGATIVE_INFINITY,
};

/** What is left once everything has landed that is on its way, at the most that it may cost. */
export function spendableWei(params: { relayer: Relayer; purse: Purse }): bigint {
  const { relayer, purse } = params;
  const costs = [...relayer.inFlight.values()].map(({ transaction }) => {
    return transaction.gas * transaction.maxFeePerGas + transaction.value;
  });
  return (purse.balanceWei ?? 0n) - costs.reduce((sum, wei) => sum + wei, 0n);
}
