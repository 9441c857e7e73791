import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import {
  type Abi,
  BaseError,
  ContractFunctionRevertedError,
  createTestClient,
  custom,
  defineChain,
  getAddress,
  type Hex,
  parseEventLogs,
  publicActions,
  type TransactionReceipt,
  walletActions,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { loadHardhat } from "../../src/chain/deploy/loadHardhat.ts";

/** Hardhat's own, by hand: viem gives the thousand files of all chains together. */
const hardhatChain = defineChain({
  id: 31_337,
  name: "Hardhat",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [] } },
});

let hardhat: Promise<HardhatRuntimeEnvironment> | undefined;

type Event = { name: string; args: Record<string, unknown> };

export type TestChain = Awaited<ReturnType<typeof openChain>>;

/**
 * An own chain in this process, for the contracts as they were compiled before the tests: `osaka` has the P-256
 * precompile, `cancun` lacks it. Mines each transaction.
 */
export async function openChain(params: { network: "osaka" | "cancun" } = { network: "osaka" }) {
  hardhat ??= loadHardhat();
  const environment = await hardhat;
  const connection = await environment.network.create({
    network: params.network,
    // A transaction with a gas limit of its own is mined also where it reverts, as on any chain.
    override: { throwOnTransactionFailures: false },
  });
  const account = privateKeyToAccount(generatePrivateKey());
  const client = createTestClient({
    account,
    cacheTime: 0,
    chain: hardhatChain,
    mode: "hardhat",
    transport: custom(connection.provider, { retryCount: 0 }),
  })
    .extend(publicActions)
    .extend(walletActions);
  await client.setBalance({ address: account.address, value: 10n ** 24n });

  async function artifact(contract: string): Promise<{ abi: Abi; bytecode: Hex }> {
    const { abi, bytecode } = await environment.artifacts.readArtifact(contract);
    return { abi: abi as Abi, bytecode: bytecode as Hex };
  }

  /** Deploys by name with the constructor's arguments. */
  async function deploy(contract: string, args: readonly unknown[] = []): Promise<Hex> {
    const hash = await client.deployContract({ ...(await artifact(contract)), args });
    const { contractAddress } = await client.getTransactionReceipt({ hash });
    if (contractAddress == null) throw new Error(`${contract} was not deployed`);
    return getAddress(contractAddress);
  }

  /** The receipt of a mined transaction with its decoded events. */
  async function events(
    abi: Abi,
    transaction: Promise<Hex>,
  ): Promise<{ receipt: TransactionReceipt; events: Event[] }> {
    const receipt = await client.getTransactionReceipt({ hash: await transaction });
    const logs = parseEventLogs({ abi, logs: receipt.logs, strict: true });
    return {
      receipt,
      events: logs.map(({ eventName, args }) => ({ name: eventName, args: args as Event["args"] })),
    };
  }

  return { client, artifact, deploy, events, [Symbol.asyncDispose]: () => connection.close() };
}

/** The contract's error that a call is refused with; fails if the call succeeds. */
export async function refusal(call: Promise<unknown>): Promise<{ name: string; args: readonly unknown[] }> {
  const error = await call.then(
    () => new Error("the call was not refused"),
    (reason: unknown) => reason,
  );
  const revert = error instanceof BaseError && error.walk((e) => e instanceof ContractFunctionRevertedError);
  if (!(revert instanceof ContractFunctionRevertedError)) throw error;
  return { name: revert.data?.errorName ?? revert.reason ?? "", args: revert.data?.args ?? [] };
}
