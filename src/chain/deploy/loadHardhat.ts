import { fileURLToPath } from "node:url";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import config from "../../../hardhat.config.ts";

/** The path of this package's folder, with a slash at its end. */
export const packageRoot = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * Loads Hardhat with this package's configuration; works from any working directory.
 * @param params.journalDir The folder in which Ignition keeps its deployment journals.
 */
export async function loadHardhat(params: { journalDir?: string } = {}): Promise<HardhatRuntimeEnvironment> {
  const { journalDir } = params;
  return await createHardhatRuntimeEnvironment(
    journalDir === undefined ? config : { ...config, paths: { ...config.paths, ignition: journalDir } },
    { config: `${packageRoot}hardhat.config.ts` },
    packageRoot,
  );
}
