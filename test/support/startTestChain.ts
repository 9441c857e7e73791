import type { Chain } from "../../src/chain/provider/chain.ts";
import { openChain } from "../../src/chain/provider/openChain.ts";
import type { LocalChainKind } from "../../src/devnet/localChainCommand.ts";
import { type LocalChain, startLocalChain } from "../../src/devnet/startLocalChain.ts";
import type { Network } from "../../src/wire/network.ts";
import { deployTestContracts } from "./deployTestContracts.ts";

export type TestChain = LocalChain & { readonly network: Network; readonly chain: Chain };

/** A local chain with the three contracts, deployed by its first account; a block every `blockMs` (20 unless told). */
export async function startTestChain(
  params: {
    kind?: LocalChainKind;
    blockMs?: number;
    recoveryDelaySeconds?: number;
    leaveDelaySeconds?: number;
    shards?: number;
  } = {},
): Promise<TestChain> {
  const { kind = "anvil", blockMs = 20, ...settings } = params;
  const local = await startLocalChain({ kind, blockMs, onLog: console.error });
  try {
    const network = await deployTestContracts({ rpcUrl: local.rpcUrl, settings });
    const chain = await openChain({ rpcUrl: local.rpcUrl, network });
    return { ...local, network, chain };
  } catch (error) {
    await local[Symbol.asyncDispose]();
    throw error;
  }
}
