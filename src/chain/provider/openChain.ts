import {
  type Client,
  createClient,
  decodeFunctionResult,
  encodeFunctionData,
  type HttpTransport,
  http,
} from "viem";
import { isWeftError, WeftError } from "../../errors.ts";
import type { ProxyChoice } from "../../net/proxy.ts";
import type { Network } from "../../wire/network.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import type { Options, Request } from "./askingAgain.ts";
import { askProviders } from "./askProviders.ts";
import type { Chain } from "./chain.ts";
import { letRest, openProviders, type Provider, type Providers } from "./providers.ts";
import { readHeader } from "./readHeader.ts";

const SHARDS = { abi: nodeRegistryAbi, functionName: "SHARDS" } as const;

/**
 * Opens a chain by its RPC's address, or by several addresses in order of preference, and checks that it is the
 * network's: chain id, genesis block, contracts, number of shards. One address that answers and serves the network is
 * enough. Throws `bad-config`, `chain-unreachable`, `wrong-chain`; the signal's reason if it aborts.
 */
export async function openChain(params: {
  rpcUrl: string | readonly string[];
  network: Network;
  /** The proxy by which requests leave this machine. */
  proxy?: ProxyChoice;
  signal?: AbortSignal;
}): Promise<Chain> {
  const { network, proxy, signal } = params;
  const [first, ...others] = typeof params.rpcUrl === "string" ? [params.rpcUrl] : params.rpcUrl;
  if (first === undefined) throw new WeftError({ code: "bad-config", message: "no RPC address is named" });
  const providers = openProviders({ urls: [first, ...others], proxy });
  const chain: Chain = { network, client: clientOver({ providers, url: first }), providers };
  const checks = providers.all.map((provider) => checkProvider({ chain, provider, signal }));
  const faults = (await Promise.all(checks)).filter((fault) => fault !== undefined);
  signal?.throwIfAborted();
  if (faults.length < providers.all.length) return chain;
  const unreachable = faults.find((fault) => !isWeftError(fault));
  if (unreachable === undefined) throw faults[0];
  const names = providers.all.map(({ name }) => name).join(", ");
  const message = `no answer from ${names}`;
  throw new WeftError({ code: "chain-unreachable", message, cause: unreachable });
}

/**
 * Checks that a provider serves the network's chain. Returns undefined if so; otherwise lets the provider rest and
 * returns the error. Never throws.
 */
export async function checkProvider(params: {
  chain: Chain;
  provider: Provider;
  signal?: AbortSignal | undefined;
}): Promise<unknown> {
  const { chain, provider, signal } = params;
  const { providers } = chain;
  try {
    await checkChain({ chain: { ...chain, client: provider.client }, signal });
    provider.isChecked = true;
    return undefined;
  } catch (error) {
    const reason = isWeftError(error) ? error.message : "it does not answer";
    if (signal?.aborted !== true) letRest({ providers, provider, reason });
    return error;
  }
}

/** Throws `wrong-chain` if the RPC does not serve the network's chain and contracts; the RPC's error if it fails. */
export async function checkChain(params: {
  chain: Pick<Chain, "network" | "client">;
  signal?: AbortSignal | undefined;
}): Promise<void> {
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
  const call = { to: network.nodeRegistry, data: encodeFunctionData(SHARDS) };
  const answer = await client.request({ method: "eth_call", params: [call, "latest"] }, options);
  const shards = decodeFunctionResult({ ...SHARDS, data: answer });
  if (shards !== network.shards) throw wrongChain(`a network of ${shards} shards, not ${network.shards}`);
}

/** Makes a client whose requests go to whichever provider answers. */
function clientOver(params: { providers: Providers; url: string }): Client<HttpTransport> {
  const { providers, url } = params;
  const request = (args: Request, options?: Options) => askProviders(providers, args, options);
  return {
    ...createClient({ transport: http(url) }),
    request: request as Client<HttpTransport>["request"],
  };
}

function wrongChain(message: string): WeftError {
  return new WeftError({ code: "wrong-chain", message: `the RPC serves ${message}` });
}
