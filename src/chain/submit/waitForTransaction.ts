import { waitMs } from "../../clock/waitMs.ts";
import { asId, type Hex } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";

/** `pending`: nothing is known yet, which is no failure. A reorganization may still take what is mined or reverted. */
export type TransactionOutcome =
  | { readonly kind: "mined" | "reverted"; readonly block: number; readonly blockHash: Hex }
  | { readonly kind: "pending" };

const DEFAULT_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/**
 * Waits until a transaction is in a block, for 30 s by default. Failed reads are repeated; an abort gives `pending`.
 */
export async function waitForTransaction(params: {
  chain: Chain;
  transaction: Hex;
  timeoutMs?: number;
  signal?: AbortSignal;
}): Promise<TransactionOutcome> {
  const { chain, transaction } = params;
  const timeout = AbortSignal.timeout(params.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signal = params.signal === undefined ? timeout : AbortSignal.any([timeout, params.signal]);
  while (!signal.aborted) {
    const receipt = await chain.client
      .request({ method: "eth_getTransactionReceipt", params: [transaction] }, { signal })
      .catch(() => null);
    if (receipt !== null) {
      const kind = BigInt(receipt.status) === 1n ? "mined" : "reverted";
      return { kind, block: Number(receipt.blockNumber), blockHash: asId(receipt.blockHash) };
    }
    await waitMs({ ms: POLL_MS, signal });
  }
  return { kind: "pending" };
}
