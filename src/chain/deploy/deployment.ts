import { isWeftError, WeftError } from "../../errors.ts";
import { asAddress, asId } from "../../wire/ids.ts";
import { checkNetworkVersion, MAX_SHARDS, type Network } from "../../wire/network.ts";

/** Returns the name of a chain's address file in the deployment directory. */
export function deploymentFileName(chainId: number): string {
  return `${chainId}.json`;
}

/** Returns the text of an address file: JSON. */
export function formatDeployment(network: Network): string {
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/**
 * Parses the text of an address file. Throws `bad-config` if it is malformed or of a version that is not known yet,
 * `old-network` if it names contracts of an earlier version.
 */
export function parseDeployment(text: string): Network {
  try {
    const { version, shards, chainId, deployedBlock, passkeyWallets, ...rest } = JSON.parse(text) as Partial<
      Record<keyof Network, unknown>
    >;
    const addresses = {
      chainId: asCount(chainId),
      commitLog: asAddress(String(rest.commitLog)),
      identityRegistry: asAddress(String(rest.identityRegistry)),
      nodeRegistry: asAddress(String(rest.nodeRegistry)),
      // Networks that were deployed earlier have none.
      ...(passkeyWallets === undefined ? {} : { passkeyWallets: asAddress(String(passkeyWallets)) }),
      deployedBlock: asCount(deployedBlock),
      genesisHash: asId(String(rest.genesisHash)),
    };
    // Earlier files name no shards, so the version is checked first.
    return { version: checkNetworkVersion({ version }), ...addresses, shards: asShards(shards) };
  } catch (cause) {
    if (isWeftError(cause, "old-network")) throw cause;
    throw new WeftError({ code: "bad-config", message: "the address file is malformed", cause });
  }
}

function asShards(value: unknown): number {
  const count = asCount(value);
  if (count >= 1 && count <= MAX_SHARDS) return count;
  throw new WeftError({ code: "malformed", message: `not a number of shards: ${count}` });
}

function asCount(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new WeftError({ code: "malformed", message: `not a count: ${String(value)}` });
}
