import { InvalidArgumentError, Option } from "commander";
import { DEFAULT_NODES } from "../devnet/defaults.ts";

/** A node's shards are the bits of one word of the NodeRegistry. */
const MAX_SHARDS = 256;
/** The most nodes that a local chain funds. */
const MAX_NODES = 49;

export function nodesOption(): Option {
  return new Option("-n, --nodes <count>", "how many nodes").default(DEFAULT_NODES).argParser((value) => {
    const count = Number(value);
    if (Number.isInteger(count) && count >= 1 && count <= MAX_NODES) return count;
    throw new InvalidArgumentError(`a whole number from 1 to ${MAX_NODES}`);
  });
}

export function shardsOption(): Option {
  const about = "into how many shards messages are split, for ever (1 unless told)";
  return new Option("--shards <count>", about).argParser((value) => {
    const count = Number(value);
    if (Number.isInteger(count) && count >= 1 && count <= MAX_SHARDS) return count;
    throw new InvalidArgumentError(`a whole number from 1 to ${MAX_SHARDS}`);
  });
}

export function chainOption(): Option {
  return new Option("--chain <kind>", "what the local L3 runs on")
    .choices(["anvil", "hardhat"])
    .default("anvil");
}

export function dataOption(): Option {
  return new Option("--data <dir>", "where databases and logs go (default: a new folder under .weft)");
}
