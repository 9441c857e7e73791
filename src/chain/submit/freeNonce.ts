import { steadyMs } from "../../clock/steadyMs.ts";
import { minimum } from "../../wire/bigintOrder.ts";
import type { Chain } from "../provider/chain.ts";
import { rpcFailure } from "../provider/rpcFailure.ts";
import { leastBid } from "./leastBid.ts";
import type { InFlight, Relayer } from "./openRelayer.ts";
import type { Price } from "./readPrice.ts";
import { sendTransaction, signTransaction } from "./sendTransaction.ts";

/** A transaction of an earlier process that is in no block after so many blocks, and so long, blocks all later ones. */
const STUCK_BLOCKS = 12;
const STUCK_MS = 10_000;
/** How often more is offered; after that, the price is not the reason. */
const MAX_RAISES = 16;

/**
 * Replaces a transaction that an earlier process sent and that does not land by an empty one from the account to
 * itself: whoever wanted the lost call will ask for it again. `nonce` is the account's first that is in no block. Does
 * nothing until the transaction has been seen for 12 blocks and 10 s. Throws the RPC's error.
 */
export async function freeNonce(params: {
  chain: Chain;
  relayer: Relayer;
  nonce: number;
  price: Price;
  signal?: AbortSignal | undefined;
}): Promise<void> {
  const { chain, relayer, nonce, price, signal } = params;
  const nowMs = steadyMs();
  const since = { nonce, block: price.block, ms: nowMs, raises: 0 };
  const orphan = relayer.orphan?.nonce === nonce ? relayer.orphan : since;
  relayer.orphan = orphan;
  if (price.block < orphan.block + STUCK_BLOCKS || nowMs < orphan.ms + STUCK_MS) return;
  if (orphan.raises > MAX_RAISES) return;
  relayer.orphan = { ...orphan, raises: orphan.raises + 1 };
  const { address } = relayer;
  const call = { from: address, to: address, data: "0x", value: "0x0" } as const;
  const options = signal === undefined ? {} : { signal };
  const gas = BigInt(await chain.client.request({ method: "eth_estimateGas", params: [call] }, options));
  const raised = (wei: bigint) => minimum(raisedBy(wei, orphan.raises), relayer.maxFeePerGas);
  const { maxFeePerGas, maxPriorityFeePerGas } = price.fees;
  const signed = await signTransaction(relayer, {
    ...{ type: "eip1559", chainId: chain.network.chainId, to: address, data: "0x", value: 0n, nonce, gas },
    maxFeePerGas: raised(maxFeePerGas),
    maxPriorityFeePerGas: raised(maxPriorityFeePerGas),
  });
  try {
    await sendTransaction({ ...params, raw: signed.raw });
    const times = { sinceBlock: price.block, sinceMs: nowMs, pricedBlock: price.block, pricedMs: nowMs };
    const sent: InFlight = { ...signed, ...times, raises: 0, timesLost: 0 };
    relayer.inFlight.set(nonce, sent);
    relayer.orphan = undefined;
  } catch (error) {
    // The replacement offers too little, or the old transaction has landed meanwhile.
    if (rpcFailure(error) === "unreachable") throw error;
  }
}

/** Returns the least offer, in wei, after an offer of `wei` was outbid so many times. */
function raisedBy(wei: bigint, times: number): bigint {
  let raised = wei;
  for (let i = 0; i < times; i++) raised = leastBid(raised);
  return raised;
}
