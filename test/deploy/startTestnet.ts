import { callRpc } from "../../src/devnet/callRpc.ts";
import { localChainCommand } from "../../src/devnet/localChainCommand.ts";
import { spawnChild } from "../../src/devnet/spawnChild.ts";
import type { Address, Hex } from "../../src/wire/ids.ts";
import { until } from "../support/until.ts";

const CHAIN_ID = 421_337;
const BLOCK_SECONDS = 2;
const BASE_FEE_WEI = 100_000_000;

export type Testnet = AsyncDisposable & {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** As a faucet does; resolves when it is in a block. */
  readonly fund: (params: { to: Address; wei: bigint }) => Promise<void>;
  /** How many transactions an account has sent. */
  readonly sent: (account: Address) => Promise<number>;
};

/** A chain of strangers: another id, blocks in their own time, gas that costs something. */
export async function startTestnet(): Promise<Testnet> {
  const unused = { host: "127.0.0.1", port: 0, chainId: CHAIN_ID, accounts: 1, stateFile: undefined };
  const { command, cwd } = localChainCommand({ kind: "anvil", ...unused });
  const options = {
    port: 0,
    "chain-id": CHAIN_ID,
    accounts: 1,
    "block-time": BLOCK_SECONDS,
    "base-fee": BASE_FEE_WEI,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const listening = Promise.withResolvers<string>();
  const child = spawnChild({
    command,
    args,
    cwd,
    onLine: (line) => {
      const [, address] = /Listening on (\S+)/.exec(line) ?? [];
      if (address !== undefined) listening.resolve(`http://${address}`);
    },
  });
  void child.exited.then((reason) => listening.reject(new Error(`Anvil ${reason}`)));
  const rpcUrl = await listening.promise;
  const call = <T>(method: string, args: readonly unknown[]) => callRpc<T>({ rpcUrl, method, args });
  return {
    rpcUrl,
    chainId: CHAIN_ID,
    fund: async ({ to, wei }) => {
      const [faucet] = await call<readonly Address[]>("eth_accounts", []);
      const transfer = { from: faucet, to, value: `0x${wei.toString(16)}` };
      const hash = await call<Hex>("eth_sendTransaction", [transfer]);
      await until("the transfer in a block", async () => {
        return (await call<unknown>("eth_getTransactionReceipt", [hash])) !== null;
      });
    },
    sent: async (account) => Number(await call<Hex>("eth_getTransactionCount", [account, "latest"])),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
