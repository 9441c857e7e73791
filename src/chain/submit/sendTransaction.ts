import { keccak256 } from "viem";
import { asId, type Hex } from "../../wire/ids.ts";
import type { Chain } from "../provider/chain.ts";
import { rpcFailure, rpcMessage } from "../provider/rpcFailure.ts";
import type { Transaction } from "../sign/payingAccount.ts";
import type { Relayer, Signed } from "./openRelayer.ts";

type Options = { readonly chain: Chain; readonly signal?: AbortSignal | undefined };

/** How go-ethereum, Nethermind, Erigon, Besu, Anvil and Hardhat say that they know a transaction already. */
const KNOWN =
  /already known|known transaction|already imported|AlreadyKnown|already exists|already in (the )?pool/i;
const BROADCAST_MS = 5_000;

export async function signTransaction({ account }: Relayer, transaction: Transaction): Promise<Signed> {
  return { transaction, raw: await account.signTransaction(transaction) };
}

/**
 * Sends a signed transaction and returns its hash; one that the RPC knows already counts as sent. Throws the RPC's
 * error.
 */
export async function sendTransaction(params: Options & { raw: Hex }): Promise<Hex> {
  const { chain, raw, signal } = params;
  const options = signal === undefined ? {} : { signal };
  try {
    await chain.client.request({ method: "eth_sendRawTransaction", params: [raw] }, options);
  } catch (error) {
    if (rpcFailure(error) === "unreachable") throw error;
    if (!KNOWN.test(rpcMessage(error)) && !(await isKnown(params))) throw error;
  }
  return hashOf(raw);
}

/** True if the provider in use has a transaction, in a block or in its mempool. Throws the RPC's error. */
export async function isKnown({ chain, raw, signal }: Options & { raw: Hex }): Promise<boolean> {
  const options = signal === undefined ? {} : { signal };
  const params = [hashOf(raw)] as const;
  return (
    (await chain.client.request({ method: "eth_getTransactionByHash", params: [...params] }, options)) !==
    null
  );
}

/** Hands a transaction to all providers but the one in use, and ignores their answers. Never throws. */
export async function broadcastTransaction({ chain, raw, signal }: Options & { raw: Hex }): Promise<void> {
  const { all, current } = chain.providers;
  const timely = AbortSignal.timeout(BROADCAST_MS);
  const options = { signal: signal === undefined ? timely : AbortSignal.any([signal, timely]) };
  const request = { method: "eth_sendRawTransaction", params: [raw] } as const;
  const others = all.filter((provider) => provider !== current);
  await Promise.allSettled(
    others.map(({ client }) => client.request({ ...request, params: [...request.params] }, options)),
  );
}

function hashOf(raw: Hex): Hex {
  return asId(keccak256(raw));
}
