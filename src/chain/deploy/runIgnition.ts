import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NetworkHooks } from "hardhat/types/hooks";
import type { PublicClient } from "viem";
import weftModule from "../../../contracts/ignition/Weft.ts";
import { WeftError } from "../../errors.ts";
import { type Address, asAddress, type Hex } from "../../wire/ids.ts";
import type { ContractAddresses } from "../layout/addressesOf.ts";
import { formatAbout, formatCoin } from "../submit/coin.ts";
import { type DeploymentSettings, deploymentCost } from "./deploymentCost.ts";
import { openHardhat } from "./openHardhat.ts";

/** The addresses of the three contracts, and of the one that makes passkeys' wallets. */
export type DeployedAddresses = ContractAddresses & { readonly passkeyWallets: Address };

/** The account that pays for a deployment, and what it pays at most. */
export type DeploymentBill = { readonly chainId: number; readonly payer: Address; readonly costWei: bigint };

/**
 * Deploys the contracts, or completes an interrupted run, and waits until they are in blocks. Throws `unfunded`
 * with the account and the amount, `deployment-failed` with Ignition's words; the signal's reason if it aborts.
 */
export async function runIgnition(params: {
  client: PublicClient;
  rpcUrl: string;
  chainId: number;
  privateKey: Hex | undefined;
  settings: DeploymentSettings;
  journalDir: string;
  deploymentId: string;
  confirmations: number;
  pollMs: number;
  onBill: (bill: DeploymentBill) => void;
  signal: AbortSignal | undefined;
}): Promise<DeployedAddresses> {
  const { client, chainId, privateKey, settings, journalDir, deploymentId, signal } = params;
  const hardhat = await openHardhat({ journalDir });
  hardhat.hooks.registerHandlers("network", { onRequest: withoutNodeInfo });
  signal?.throwIfAborted();
  const connection = await hardhat.network.create({
    network: "local",
    override: { url: params.rpcUrl, ...(privateKey === undefined ? {} : { accounts: [privateKey] }) },
  });
  // Ignition knows no signal; without its connection it stops, and its journal lets the next run go on.
  const stop = () => void connection.close();
  signal?.addEventListener("abort", stop);
  let bill: DeploymentBill | undefined;
  try {
    const payer = await payerOf(connection);
    bill = { chainId, payer, costWei: await deploymentCost({ hardhat, client, payer, settings }) };
    // An interrupted run may have paid for a part already.
    const isNew = !existsSync(join(journalDir, "deployments", deploymentId));
    if (isNew && (await client.getBalance({ address: payer })) < bill.costWei)
      throw await unfunded({ client, bill });
    params.onBill(bill);
    const { bondWei: bond, ...others } = settings;
    const contracts: Record<keyof DeployedAddresses, { address: Hex }> = await connection.ignition.deploy(
      weftModule,
      {
        deploymentId,
        parameters: { Weft: { bond, ...others } },
        config: { requiredConfirmations: params.confirmations, blockPollingInterval: params.pollMs },
      },
    );
    return {
      commitLog: asAddress(contracts.commitLog.address),
      identityRegistry: asAddress(contracts.identityRegistry.address),
      nodeRegistry: asAddress(contracts.nodeRegistry.address),
      passkeyWallets: asAddress(contracts.passkeyWallets.address),
    };
  } catch (cause) {
    signal?.throwIfAborted();
    throw await faultOf({ client, cause, bill });
  } finally {
    signal?.removeEventListener("abort", stop);
    await connection.close();
  }
}

/**
 * Keeps Hardhat from asking whether the RPC is Anvil's: to answer, Anvil 1.7 takes one lock twice, and hangs for good
 * if it mines a block in between.
 */
const withoutNodeInfo: NetworkHooks["onRequest"] = async (context, connection, request, next) =>
  request.method === "anvil_nodeInfo"
    ? { jsonrpc: "2.0", id: request.id, error: { code: -32_601, message: "not asked" } }
    : await next(context, connection, request);

type Wallets = () => Promise<readonly { readonly account: { readonly address: Hex } }[]>;

async function payerOf(connection: { viem: { getWalletClients: Wallets } }): Promise<Address> {
  const [wallet] = await connection.viem.getWalletClients();
  if (wallet !== undefined) return asAddress(wallet.account.address);
  throw new WeftError({
    code: "unfunded",
    message: "nobody pays: the RPC has no account of its own and no key was given",
    hint: "Use --network with a network of hardhat.config.ts, whose key is a configuration variable.",
  });
}

async function faultOf(params: {
  client: PublicClient;
  cause: unknown;
  bill: DeploymentBill | undefined;
}): Promise<unknown> {
  const { client, cause, bill } = params;
  if (cause instanceof WeftError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  if (bill !== undefined && /insufficient funds|enough funds|balance|exceeds allowance/i.test(message)) {
    return await unfunded({ client, bill, cause });
  }
  return new WeftError({ code: "deployment-failed", message, cause });
}

async function unfunded(params: {
  client: PublicClient;
  bill: DeploymentBill;
  cause?: unknown;
}): Promise<WeftError> {
  const { client, bill, cause } = params;
  const { payer, chainId } = bill;
  const balance = formatCoin(await client.getBalance({ address: payer }));
  const amount = formatAbout(bill.costWei);
  return new WeftError({
    code: "unfunded",
    message: `${payer} holds ${balance} of chain ${chainId}'s coin; the deployment takes up to ${amount}`,
    hint: `Send about ${amount} to ${payer} on chain ${chainId}, then run the same command again.`,
    cause,
  });
}
