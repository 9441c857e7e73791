import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Network } from "../../wire/network.ts";
import { deploymentFileName, parseDeployment } from "./deployment.ts";

/**
 * Reads the chain's address file in `deploymentDir`; undefined if there is none. Throws `bad-config` if it is
 * malformed, `old-network` if it names contracts of an earlier version.
 */
export async function readDeployment(params: {
  deploymentDir: string;
  chainId: number;
}): Promise<Network | undefined> {
  const path = join(params.deploymentDir, deploymentFileName(params.chainId));
  try {
    return parseDeployment(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
