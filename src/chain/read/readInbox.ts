import { readContract } from "viem/actions";
import { type Address, asAddress, type InboxId } from "../../wire/ids.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** What IdentityRegistry holds about an inbox; its wallets and installations are read from the chain's records. */
export type InboxState = {
  /** The recovery wallet in force now. */
  readonly recovery: Address;
  readonly createdBlock: number;
  readonly activeInstallations: number;
};

/** Reads an inbox as of the chain's newest block; undefined if it is unknown. Throws `chain-unreachable`. */
export async function readInbox(params: { chain: Chain; inbox: InboxId }): Promise<InboxState | undefined> {
  const { chain, inbox } = params;
  const { recovery, createdBlock, activeInstallations } = await readCall({
    what: "an inbox",
    read: readContract(chain.client, {
      address: chain.network.identityRegistry,
      abi: identityRegistryAbi,
      functionName: "inboxes",
      args: [inbox],
    }),
  });
  if (createdBlock === 0) return undefined;
  return { recovery: asAddress(recovery), createdBlock, activeInstallations };
}
