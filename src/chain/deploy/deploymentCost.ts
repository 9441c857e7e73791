import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { type Abi, encodeDeployData, type PublicClient } from "viem";
import type { Address } from "../../wire/ids.ts";

/** The settings that can't be changed once the contracts are deployed. */
export type DeploymentSettings = {
  readonly bondWei: bigint;
  readonly leaveDelaySeconds: number;
  readonly recoveryDelaySeconds: number;
  /** How many shards the topics are spread over: 1 to 256. */
  readonly shards: number;
};

/** The settings of a new network where the caller names no others. */
export const DEPLOYMENT_DEFAULTS: DeploymentSettings = {
  bondWei: 10n ** 17n,
  leaveDelaySeconds: 7 * 24 * 3600,
  recoveryDelaySeconds: 3 * 24 * 3600,
  shards: 1,
};

/** Lists the contracts in the order in which they are deployed, with the arguments of their constructors. */
export function contractsOf(settings: DeploymentSettings) {
  const { bondWei, leaveDelaySeconds, recoveryDelaySeconds, shards } = settings;
  return [
    { name: "CommitLog", args: [] },
    { name: "IdentityRegistry", args: [recoveryDelaySeconds] },
    { name: "NodeRegistry", args: [bondWei, leaveDelaySeconds, shards] },
    { name: "PasskeyWallets", args: [] },
  ] as const;
}

/**
 * Estimates what the deployment of the contracts costs at most, in wei: the chain's own estimate of the gas
 * (which on L3s includes the parent chain's share) at the price that Ignition offers. The payer must hold that much.
 */
export async function deploymentCost(params: {
  hardhat: HardhatRuntimeEnvironment;
  client: PublicClient;
  payer: Address;
  settings: DeploymentSettings;
}): Promise<bigint> {
  const { hardhat, client, payer, settings } = params;
  const estimates = contractsOf(settings).map(async ({ name, args }) => {
    const { abi, bytecode } = await hardhat.artifacts.readArtifact(name);
    const data = encodeDeployData({ abi: abi as Abi, bytecode: bytecode as `0x${string}`, args });
    return await client.estimateGas({ account: payer, data });
  });
  const gas = (await Promise.all(estimates)).reduce((sum, estimate) => sum + estimate);
  return gas * (await offeredPrice(client));
}

/** Computes the price of a unit of gas as Ignition does: twice the base fee plus the tip; 0 if the base fee is 0. */
async function offeredPrice(client: PublicClient): Promise<bigint> {
  const { baseFeePerGas } = await client.getBlock();
  if (baseFeePerGas === null) return await client.getGasPrice();
  if (baseFeePerGas === 0n) return 0n;
  return 2n * baseFeePerGas + (await client.estimateMaxPriorityFeePerGas());
}
