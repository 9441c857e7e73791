import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEVELOPMENT_MNEMONIC } from "../chain/deploy/developmentAccounts.ts";

export type LocalChainKind = "anvil" | "hardhat";

/** Old states that Anvil keeps, and so the depth of the deepest reorg. Its memory grows with this times the blocks. */
export const MAX_REORG_BLOCKS = 64;
/** Room for several entries of the largest size in one block. */
const BLOCK_GAS_LIMIT = 200_000_000;

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The program and arguments that serve a chain, mining on demand only (Hardhat's has to be told so). */
export function localChainCommand(params: {
  kind: LocalChainKind;
  /** Address to listen on. */
  host: string;
  port: number;
  chainId: number;
  accounts: number;
  stateFile: string | undefined;
}): { command: string; args: string[]; cwd: string } {
  const { host, port, chainId } = params;
  if (params.kind === "hardhat") {
    const cli = fileURLToPath(new URL("cli.js", import.meta.resolve("hardhat")));
    const args = [cli, "node", "--network", "osaka", "--hostname", host];
    return {
      command: process.execPath,
      args: [...args, "--port", String(port), "--chain-id", String(chainId)],
      cwd: root,
    };
  }
  const options = {
    host,
    port,
    "chain-id": chainId,
    mnemonic: DEVELOPMENT_MNEMONIC,
    accounts: params.accounts,
    order: "fifo",
    // Has the P-256 precompile (EIP-7951).
    hardfork: "osaka",
    "gas-limit": BLOCK_GAS_LIMIT,
    "block-base-fee-per-gas": 0,
    "prune-history": MAX_REORG_BLOCKS,
    ...(params.stateFile === undefined ? {} : { state: params.stateFile }),
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return { command: anvilBinary(), args: [...args, "--no-mining", "--disable-min-priority-fee"], cwd: root };
}

/** The program itself: the package's script would be one more process between us and it. */
function anvilBinary(): string {
  const machine = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  return fileURLToPath(import.meta.resolve(join(`@foundry-rs/anvil-${machine}`, "bin", "anvil")));
}
