import { readContract } from "viem/actions";
import { type Address, asId, type InboxId } from "../wire/ids.ts";
import { identityRegistryAbi } from "./abi/identityRegistry.ts";
import type { Chain } from "./chain.ts";
import { readCall } from "./readCall.ts";

/** What the contract knows of a wallet. */
export type WalletState = {
  /** The inbox that it is linked to now. */
  readonly inbox: InboxId | undefined;
  /** What its next signed record must carry. */
  readonly nonce: bigint;
};

/** Reads a wallet's inbox and nonce at the head of the chain. Throws `chain-unreachable`. */
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
