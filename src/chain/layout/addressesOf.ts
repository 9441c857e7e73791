import type { Address } from "../../wire/ids.ts";
import type { Network } from "../../wire/network.ts";

/** The addresses of the three contracts. */
export type ContractAddresses = Pick<Network, "commitLog" | "identityRegistry" | "nodeRegistry">;

export function addressesOf({ commitLog, identityRegistry, nodeRegistry }: ContractAddresses): Address[] {
  return [commitLog, identityRegistry, nodeRegistry];
}
