import { readFile } from "node:fs/promises";
import { type Abi, createWalletClient, http, parseGwei, publicActions } from "viem";
import { asAddress, type Hex } from "../../src/wire/ids.ts";

const POLL_MS = 20;
const FEES = { maxFeePerGas: parseGwei("10"), maxPriorityFeePerGas: 0n };

/** Deploys a contract of test/contracts/Fixtures.sol by the chain's first account; gives its address and its ABI. */
export async function deployFixture(params: { rpcUrl: string; name: string; args?: readonly unknown[] }) {
  const { rpcUrl, name, args = [] } = params;
  const path = new URL(`../../artifacts/test/contracts/Fixtures.sol/${name}.json`, import.meta.url);
  const { abi, bytecode } = JSON.parse(await readFile(path, "utf8")) as { abi: Abi; bytecode: Hex };
  const client = createWalletClient({ transport: http(rpcUrl), pollingInterval: POLL_MS }).extend(
    publicActions,
  );
  const [account] = await client.getAddresses();
  if (!account) throw new Error("the chain has no account of its own");
  const hash = await client.deployContract({ account, chain: null, abi, bytecode, args, ...FEES });
  const { contractAddress } = await client.waitForTransactionReceipt({ hash, pollingInterval: POLL_MS });
  return { address: asAddress(contractAddress ?? ""), abi, client, account };
}
