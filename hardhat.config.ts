import { fileURLToPath } from "node:url";
import hardhatIgnitionViem from "@nomicfoundation/hardhat-ignition-viem";
import hardhatKeystore from "@nomicfoundation/hardhat-keystore";
import { configVariable, defineConfig } from "hardhat/config";
import type { HttpNetworkUserConfig } from "hardhat/types/config";

/** The npm build of the compiler: no download, the same bytes on every machine. */
const compiler = {
  version: "0.8.37",
  path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
  isolated: false,
  settings: {
    // The newest that Orbit chains (ArbOS 20 and later) and Anvil have in common.
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 1_000_000 },
    viaIR: true,
    metadata: { bytecodeHash: "none" },
  },
};

/**
 * A chain for `weft deploy --network`: `<prefix>_RPC_URL` and `<prefix>_DEPLOYER_KEY` come from the environment or from
 * `npx hardhat keystore set`. Where a chain id is given, every other chain is refused.
 */
function testnet(params: { prefix: string; chainId?: number }): HttpNetworkUserConfig {
  const { prefix, ...identity } = params;
  return {
    type: "http",
    chainType: "generic",
    url: configVariable(`${prefix}_RPC_URL`),
    accounts: [configVariable(`${prefix}_DEPLOYER_KEY`)],
    ...identity,
  };
}

export default defineConfig({
  plugins: [hardhatIgnitionViem, hardhatKeystore],
  // Ignition builds with `production`: one profile for both, so that what was tested is what is deployed.
  solidity: { profiles: { default: compiler, production: compiler } },
  networks: {
    local: { type: "http", chainType: "generic", url: "http://127.0.0.1:8545" },
    /** Any chain. */
    testnet: testnet({ prefix: "WEFT" }),
    "arbitrum-sepolia": testnet({ prefix: "ARBITRUM_SEPOLIA", chainId: 421_614 }),
    /** Has the P-256 precompile at 0x100. */
    osaka: { type: "edr-simulated", chainType: "generic", hardfork: "osaka" },
    /** Lacks it, so that the Solidity fallback runs. */
    cancun: { type: "edr-simulated", chainType: "generic", hardfork: "cancun" },
  },
});
