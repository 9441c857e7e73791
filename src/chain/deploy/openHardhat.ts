import { MultiProcessMutex } from "@nomicfoundation/hardhat-utils/synchronization";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { loadHardhat, packageRoot } from "./loadHardhat.ts";

const COMPILE_TIMEOUT_MS = 300_000;

/**
 * Loads Hardhat and compiles this package's contracts: about 8 s the first time, then 0.5 s. Works from any working
 * directory and from several processes at once: one compiles, the others wait.
 * @param params.journalDir The folder in which Ignition keeps its deployment journals.
 */
export async function openHardhat(params: { journalDir?: string } = {}): Promise<HardhatRuntimeEnvironment> {
  const hardhat = await loadHardhat(params);
  const mutex = new MultiProcessMutex(`${packageRoot}node_modules/.weft-compile.lock`, COMPILE_TIMEOUT_MS);
  await mutex.use(() => hardhat.tasks.getTask("build").run({ quiet: true }));
  return hardhat;
}
