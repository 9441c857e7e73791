import { readContract } from "viem/actions";
import { type Address, asId } from "../../wire/ids.ts";
import type { WalletState } from "../../wire/walletState.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** Reads a wallet's inbox and nonce as of the chain's newest block. Throws `chain-unreachable`. */
export async function readWallet(params: { chain: Chain; wallet: Address }): Promise<WalletState> {
  const { chain, wallet } = params;
  const contract = {
    address: chain.network.identityRegistry,
    abi: identityRegistryAbi,
    args: [wallet],
  } as const;
  const [inbox, nonce] = await readCall({
    what: "a wallet",
    read: Promise.all([
      readContract(chain.client, { ...contract, functionName: "inboxOf" }),
      readContract(chain.client, { ...contract, functionName: "nonces" }),
    ]),
  });
  return { inbox: BigInt(inbox) === 0n ? undefined : asId(inbox), nonce };
}
