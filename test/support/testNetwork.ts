import { asAddress, toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";

/** A network whose contracts nobody deployed: for rooms that need its names only. */
export const testNetwork: Network = {
  version: 4,
  chainId: 31_337,
  commitLog: asAddress(`0x${"c1".repeat(20)}`),
  identityRegistry: asAddress(`0x${"1d".repeat(20)}`),
  nodeRegistry: asAddress(`0x${"4e".repeat(20)}`),
  shards: 1,
  deployedBlock: 1,
  genesisHash: toHex(new Uint8Array(32).fill(9)),
};
