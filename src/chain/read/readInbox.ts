import { readContract } from "viem/actions";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import { type Address, asAddress, type Hex, type InboxId } from "../../wire/ids.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** What IdentityRegistry holds about an inbox; its wallets and installations are read from the chain's records. */
export type InboxState = {
  /** The recovery wallet in force now. */
  readonly recovery: Address;
  /** The wallet that will take its place, from `changesAt` (seconds since 1970) on. */
  readonly proposal: { readonly wallet: Address; readonly changesAt: number } | undefined;
  /** The word of its history. */
  readonly word: Hex;
  readonly createdBlock: number;
  readonly activeInstallations: number;
};

/** Reads an inbox as of the chain's newest block; undefined if it is unknown. Throws `chain-unreachable`. */
export async function readInbox(params: { chain: Chain; inbox: InboxId }): Promise<InboxState | undefined> {
  const { chain, inbox } = params;
  const contract = { address: chain.network.identityRegistry, abi: identityRegistryAbi } as const;
  const [state, [word = EMPTY_WORD]] = await readCall({
    what: "an inbox",
    read: Promise.all([
      readContract(chain.client, { ...contract, functionName: "inboxes", args: [inbox] }),
      readContract(chain.client, { ...contract, functionName: "historyWords", args: [[inbox]] }),
    ]),
  });
  const { pendingRecovery, recoveryChangesAt: changesAt, createdBlock, activeInstallations } = state;
  if (createdBlock === 0) return undefined;
  const proposal =
    BigInt(pendingRecovery) === 0n ? undefined : { wallet: asAddress(pendingRecovery), changesAt };
  return { recovery: asAddress(state.recovery), proposal, word, createdBlock, activeInstallations };
}
