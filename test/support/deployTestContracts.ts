import { readFile } from "node:fs/promises";
import { type Abi, createWalletClient, encodeDeployData, http, parseGwei, publicActions } from "viem";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import {
  contractsOf,
  DEPLOYMENT_DEFAULTS,
  type DeploymentSettings,
} from "../../src/chain/deploy/deploymentCost.ts";
import { asAddress, type Hex } from "../../src/wire/ids.ts";
import { NETWORK_VERSION, type Network } from "../../src/wire/network.ts";

type Artifact = { readonly abi: Abi; readonly bytecode: Hex };

const POLL_MS = 20;
/** Enough for a new chain, with or without fees. */
const FEES = { maxFeePerGas: parseGwei("10"), maxPriorityFeePerGas: 0n };

/**
 * Deploys the contracts from what the compiler has written, by the chain's first account: what `deployContracts`
 * does, which test/chain tests, without Hardhat, which no test process that only needs a chain loads.
 */
export async function deployTestContracts(params: {
  rpcUrl: string;
  settings: Partial<DeploymentSettings>;
}): Promise<Network> {
  const transport = http(params.rpcUrl);
  const client = createWalletClient({ transport, pollingInterval: POLL_MS }).extend(publicActions);
  const [account] = await client.getAddresses();
  if (!account) throw new Error("the chain has no account of its own");
  const settings = { ...DEPLOYMENT_DEFAULTS, ...params.settings };
  const transactions: Hex[] = [];
  for (const { name, args } of contractsOf(settings)) {
    const data = encodeDeployData({ ...(await readArtifact(name)), args });
    transactions.push(await client.sendTransaction({ account, chain: null, data, ...FEES }));
  }
  const receipts = await Promise.all(
    transactions.map((hash) => client.waitForTransactionReceipt({ hash, pollingInterval: POLL_MS })),
  );
  const [commitLog, identityRegistry, nodeRegistry, passkeyWallets] = receipts.map(({ contractAddress }) =>
    asAddress(contractAddress ?? ""),
  );
  if (!commitLog || !identityRegistry || !nodeRegistry || !passkeyWallets) {
    throw new Error("fewer contracts were deployed than there are");
  }
  const deployedBlock = await client.readContract({
    address: commitLog,
    abi: commitLogAbi,
    functionName: "DEPLOYED_BLOCK",
  });
  const genesis = await client.getBlock({ blockNumber: 0n });
  const chain = { chainId: await client.getChainId(), genesisHash: genesis.hash };
  const { shards } = settings;
  return {
    ...{ version: NETWORK_VERSION, ...chain, commitLog, identityRegistry, nodeRegistry },
    ...{ passkeyWallets, shards, deployedBlock },
  };
}

async function readArtifact(name: string): Promise<Artifact> {
  const path = new URL(`../../artifacts/contracts/${name}.sol/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(path, "utf8")) as Artifact;
}
