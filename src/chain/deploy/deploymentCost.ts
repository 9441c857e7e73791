import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { type Abi, encodeDeployData, type PublicClient } from "viem";
import type { Address } from "../../wire/ids.ts";

/** What can't be changed once it is deployed. */
export type DeploymentSettings = {
  readonly bondWei: bigint;
  readonly leaveDelaySeconds: number;
  readonly recoveryDelaySeconds: number;
  /** 1 to 256. */
  readonly shards: number;
};

/** The contracts in the order in which they are deployed, and what each is given. */
export function contractsOf(settings: DeploymentSettings) {
  const { bondWei, leaveDelaySeconds, recoveryDelaySeconds, shards } = settings;
  return [
    { name: "CommitLog", args: [] },
    { name: "IdentityRegistry", args: [recoveryDelaySeconds] },
    { name: "NodeRegistry", args: [bondWei, leaveDelaySeconds, shards] },
  ] as const;
}

/**
 * What the three contracts cost at most, in wei: the chain's own estimate of their gas (which on L3s has the parent
 * chain's share in it) at the price that Ignition offers. The chain wants to see as much on the account.
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

/** As Ignition reckons: twice the base fee and the tip; nothing on chains without fees. */
async function offeredPrice(client: PublicClient): Promise<bigint> {
  const { baseFeePerGas } = await client.getBlock();
  if (baseFeePerGas === null) return await client.getGasPrice();
  if (baseFeePerGas === 0n) return 0n;
  return 2n * baseFeePerGas + (await client.estimateMaxPriorityFeePerGas());
}
