import { createClient, http } from "viem";
import { WeftError } from "../errors.ts";
import type { Network } from "../wire/network.ts";
import { readHeader } from "./blockRef.ts";
import type { Chain } from "./chain.ts";

const REQUEST_TIMEOUT_MS = 10_000;
/** Logs of one block that is full of entries, in hex. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

/**
 * Opens a chain by its RPC address and checks that it is the network's: chain id, genesis block, contracts.
 * Throws `chain-unreachable`, `wrong-chain`; the signal's reason if aborted.
 */
export async function openChain(params: {
  rpcUrl: string;
  network: Network;
  signal?: AbortSignal;
}): Promise<Chain> {
  const transport = http(params.rpcUrl, {
    retryCount: 0,
    timeout: REQUEST_TIMEOUT_MS,
    maxResponseBodySize: MAX_RESPONSE_BYTES,
  });
  const chain = { network: params.network, client: createClient({ transport }) };
  const { signal } = params;
  try {
    await checkChain({ chain, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof WeftError) throw cause;
    throw new WeftError({ code: "chain-unreachable", message: `no answer from ${params.rpcUrl}`, cause });
  }
  return chain;
}

/** Throws `wrong-chain`, or whatever the RPC's failure was. */
export async function checkChain(params: { chain: Chain; signal?: AbortSignal | undefined }): Promise<void> {
  const { chain, signal } = params;
  const { network, client } = chain;
  const options = signal === undefined ? {} : { signal };
  const chainId = Number(await client.request({ method: "eth_chainId" }, options));
  if (chainId !== network.chainId) throw wrongChain(`chain ${chainId} instead of ${network.chainId}`);
  const genesis = await readHeader({ chain, block: 0, signal });
  if (genesis?.hash !== network.genesisHash) throw wrongChain(`another chain with the id ${chainId}`);
  for (const contract of [network.commitLog, network.identityRegistry, network.nodeRegistry]) {
    const code = await client.request({ method: "eth_getCode", params: [contract, "latest"] }, options);
    if (code === "0x") throw wrongChain(`no contract at ${contract}`);
  }
}

function wrongChain(message: string): WeftError {
  return new WeftError({ code: "wrong-chain", message: `the RPC serves ${message}` });
}
