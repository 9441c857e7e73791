import { readContract } from "viem/actions";
import { type Address, asAddress, type InboxId, type InstallationKey } from "../../wire/ids.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { readCall } from "./readCall.ts";

/** What IdentityRegistry holds about an installation. */
export type InstallationState = {
  readonly addedBy: Address;
  readonly addedBlock: number;
  /** The block in which the installation was revoked; undefined while it is active. */
  readonly revokedBlock: number | undefined;
};

/**
 * Reads an installation as of the chain's newest block, or of the block that the mempool would make (`pending`);
 * undefined if it was never added. Throws `chain-unreachable`.
 */
export async function readInstallation(params: {
  chain: Chain;
  inbox: InboxId;
  installation: InstallationKey;
  blockTag?: "latest" | "pending";
}): Promise<InstallationState | undefined> {
  const { chain, inbox, installation, blockTag = "latest" } = params;
  const { addedBy, addedBlock, revokedBlock } = await readCall({
    what: "an installation",
    read: readContract(chain.client, {
      address: chain.network.identityRegistry,
      abi: identityRegistryAbi,
      functionName: "installations",
      args: [inbox, installation],
      blockTag,
    }),
  });
  if (addedBlock === 0) return undefined;
  return { addedBy: asAddress(addedBy), addedBlock, revokedBlock: revokedBlock || undefined };
}
