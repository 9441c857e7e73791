import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createPublicClient, http, type PublicClient, type Transport } from "viem";
import { openFetch } from "#open-fetch";
import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { WeftError } from "../../errors.ts";
import type { Hex } from "../../wire/ids.ts";
import { NETWORK_VERSION, type Network } from "../../wire/network.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import { addressesOf, type ContractAddresses } from "../layout/addressesOf.ts";
import { formatCoin } from "../submit/coin.ts";
import { deploymentFileName, formatDeployment } from "./deployment.ts";
import { DEPLOYMENT_DEFAULTS, type DeploymentSettings } from "./deploymentCost.ts";
import { readDeployment } from "./readDeployment.ts";
import { type DeployedAddresses, type DeploymentBill, runIgnition } from "./runIgnition.ts";

const DEFAULT_POLL_MS = 50;
/** How much later than the first one another machine behind a public RPC may see a transaction. */
const RPC_LAG_MS = 3_000;
const RPC_LAG_POLL_MS = 250;

export type DeployParams = Partial<DeploymentSettings> & {
  readonly rpcUrl: string;
  /** Holds `<chain id>.json` and Ignition's journals; created if missing. */
  readonly deploymentDir: string;
  /** The key of the account that pays, 32 bytes; without it, the RPC's own first account pays (Anvil, Hardhat). */
  readonly privateKey?: Hex;
  /** The only chain id that is accepted; any if undefined. */
  readonly chainId?: number;
  /**
   * Blocks that each transaction waits for, its own included. 1 by default: an L3 without users makes no second one.
   */
  readonly confirmations?: number;
  /** The pause between two looks at the chain; 50 by default. */
  readonly pollMs?: number;
  /** Told of the payer and the highest cost before anything is sent; not called if the known contracts are there. */
  readonly onBill?: (bill: DeploymentBill) => void;
  readonly signal?: AbortSignal;
};

/**
 * Deploys the three contracts, and the one that makes passkeys' wallets, with Hardhat Ignition and writes the chain's address file. Does nothing if the file
 * names contracts that are there; goes on where an interrupted run stopped. Throws `chain-unreachable`, `wrong-chain`,
 * `unfunded` (with the account to fund), `deployment-failed`, `bad-config` (malformed address file; another bond or
 * number of shards than the one deployed), `old-network` (the file names earlier contracts).
 */
export async function deployContracts(params: DeployParams): Promise<Network> {
  const { deploymentDir, rpcUrl, signal } = params;
  signal?.throwIfAborted();
  const client = createPublicClient({ transport: transportTo(rpcUrl), cacheTime: 0 });
  const chain = await identifyChain({ client, rpcUrl, expected: params.chainId });
  const known = await readDeployment({ deploymentDir, chainId: chain.chainId });
  if (known?.genesisHash === chain.genesisHash && (await isThere({ client, deployment: known }))) {
    await checkSettings({ client, deployment: known, params });
    return known;
  }
  const contracts = await deployOnce({ params, client, chain });
  const deployedBlock = await readDeployedBlock({ client, deployment: contracts });
  const shards = await readSetting({ client, deployment: contracts, name: "SHARDS" });
  const { chainId, genesisHash } = chain;
  return await writeDeployment({
    deploymentDir,
    deployment: {
      ...{ version: NETWORK_VERSION, chainId, ...contracts, shards: Number(shards) },
      ...{ deployedBlock, genesisHash },
    },
  });
}

function transportTo(rpcUrl: string): Transport {
  const fetchFn = openFetch({ url: rpcUrl, proxy: undefined });
  return http(rpcUrl, fetchFn ? { fetchFn } : {});
}

type ChainIdentity = Pick<Network, "chainId" | "genesisHash">;

async function identifyChain(params: {
  client: PublicClient;
  rpcUrl: string;
  expected: number | undefined;
}): Promise<ChainIdentity> {
  const { client, expected } = params;
  // Paths and passwords of RPC addresses are secrets.
  const origin = URL.parse(params.rpcUrl)?.origin ?? "the RPC address";
  let chain: ChainIdentity;
  try {
    const chainId = await client.getChainId();
    const genesis = await client.getBlock({ blockNumber: 0n });
    chain = { chainId, genesisHash: genesis.hash };
  } catch (cause) {
    throw new WeftError({ code: "chain-unreachable", message: `no answer from ${origin}`, cause });
  }
  if (expected === undefined || expected === chain.chainId) return chain;
  throw new WeftError({
    code: "wrong-chain",
    message: `${origin} is chain ${chain.chainId}, not ${expected}`,
    hint: "Correct the RPC address, or the chain id asked for (`--chain-id`, `chainId` in hardhat.config.ts).",
  });
}

async function isThere(params: { client: PublicClient; deployment: ContractAddresses }): Promise<boolean> {
  const { client, deployment } = params;
  const codes = await Promise.all(addressesOf(deployment).map((address) => client.getCode({ address })));
  return codes.every((code) => code !== undefined);
}

/** Throws `bad-config` if the deployed bond or number of shards is not the one asked for. */
async function checkSettings(context: {
  client: PublicClient;
  deployment: Network;
  params: DeployParams;
}): Promise<void> {
  const { client, deployment, params } = context;
  const { bondWei, shards = deployment.shards } = params;
  if (shards !== deployment.shards) throw settled(deployment, `${deployment.shards} shards`);
  if (bondWei === undefined) return;
  const deployed = BigInt(await readSetting({ client, deployment, name: "BOND" }));
  if (deployed !== bondWei) throw settled(deployment, `a bond of ${formatCoin(deployed)}`);
}

function settled(deployment: Network, has: string): WeftError {
  return new WeftError({
    code: "bad-config",
    message: `the contracts of chain ${deployment.chainId} are there, with ${has}`,
    hint: "That can't be changed: leave it out, or deploy a network of its own with `--out` and another folder.",
  });
}

async function readSetting(params: {
  client: PublicClient;
  deployment: ContractAddresses;
  name: "BOND" | "SHARDS";
}): Promise<bigint | number> {
  const { client, deployment, name } = params;
  const address = deployment.nodeRegistry;
  return await client.readContract({ address, abi: nodeRegistryAbi, functionName: name });
}

async function deployOnce(context: {
  params: DeployParams;
  client: PublicClient;
  chain: ChainIdentity;
}): Promise<DeployedAddresses> {
  const { params, client, chain } = context;
  const journalDir = join(params.deploymentDir, "ignition");
  const deploymentId = `chain-${chain.chainId}-${chain.genesisHash.slice(2, 10)}-v${NETWORK_VERSION}`;
  const { bondWei, leaveDelaySeconds, recoveryDelaySeconds, shards } = { ...DEPLOYMENT_DEFAULTS, ...params };
  const run = () =>
    runIgnition({
      client,
      rpcUrl: params.rpcUrl,
      chainId: chain.chainId,
      privateKey: params.privateKey,
      settings: { bondWei, leaveDelaySeconds, recoveryDelaySeconds, shards },
      journalDir,
      deploymentId,
      confirmations: params.confirmations ?? 1,
      pollMs: params.pollMs ?? DEFAULT_POLL_MS,
      onBill: params.onBill ?? (() => {}),
      signal: params.signal,
    });
  const deployment = await run();
  if (await appears({ client, deployment, signal: params.signal })) return deployment;
  // The journal belongs to a chain that was wiped and started again with the same genesis block.
  await rm(join(journalDir, "deployments", deploymentId), { recursive: true });
  return await run();
}

async function appears(params: {
  client: PublicClient;
  deployment: ContractAddresses;
  signal: AbortSignal | undefined;
}): Promise<boolean> {
  const end = steadyMs() + RPC_LAG_MS;
  for (;;) {
    if (await isThere(params)) return true;
    if (steadyMs() > end) return false;
    await waitMs({ ms: RPC_LAG_POLL_MS, signal: params.signal });
    params.signal?.throwIfAborted();
  }
}

async function readDeployedBlock(params: {
  client: PublicClient;
  deployment: ContractAddresses;
}): Promise<number> {
  const read = { abi: commitLogAbi, functionName: "DEPLOYED_BLOCK" } as const; // the same getter in all three
  const blocks = addressesOf(params.deployment).map((address) =>
    params.client.readContract({ ...read, address }),
  );
  return Math.min(...(await Promise.all(blocks)));
}

async function writeDeployment(params: { deploymentDir: string; deployment: Network }): Promise<Network> {
  const { deploymentDir, deployment } = params;
  const path = join(deploymentDir, deploymentFileName(deployment.chainId));
  await mkdir(deploymentDir, { recursive: true });
  await writeFile(`${path}.new`, formatDeployment(deployment));
  await rename(`${path}.new`, path);
  return deployment;
}
