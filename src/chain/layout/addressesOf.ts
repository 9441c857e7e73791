import type { Address } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** Where the three contracts are. */
export type ContractAddresses = Pick<Network, "commitLog" | "identityRegistry" | "nodeRegistry">;

export function addressesOf({ commitLog, identityRegistry, nodeRegistry }: ContractAddresses): Address[] {
  return [commitLog, identityRegistry, nodeRegistry];
}
