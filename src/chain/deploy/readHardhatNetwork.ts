import type { ResolvedConfigurationVariable } from "hardhat/types/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { WeftError } from "../../errors.ts";
import type { Hex } from "../../wire/ids.ts";
import { loadHardhat } from "./loadHardhat.ts";

export type HardhatNetwork = {
  readonly rpcUrl: string;
  /** The key of the account that pays, 32 bytes; without it, the RPC's own first account pays. */
  readonly privateKey?: Hex;
  /** The only chain id that the network may have; any if undefined. */
  readonly chainId?: number;
};

/**
 * Reads a network of hardhat.config.ts. Its configuration variables come from the environment, or else from Hardhat's
 * keystore, which asks for its password. Throws `bad-config`, which names the variable that is missing or malformed but
 * never quotes its value.
 */
export async function readHardhatNetwork(params: { name: string }): Promise<HardhatNetwork> {
  const { name } = params;
  const { config } = await loadHardhat();
  const network = config.networks[name];
  if (network?.type !== "http") throw unknownNetwork({ name, networks: config.networks });
  const rpcUrl = await resolve({ variable: network.url, read: () => network.url.getUrl() });
  const { accounts, chainId } = network;
  if (accounts !== "remote" && !Array.isArray(accounts)) {
    const message = `network ${name} in hardhat.config.ts has a mnemonic instead of a list of keys`;
    throw new WeftError({ code: "bad-config", message });
  }
  const [account] = accounts === "remote" ? [] : accounts;
  return {
    rpcUrl,
    ...(account === undefined ? {} : { privateKey: await readKey(account) }),
    ...(chainId === undefined ? {} : { chainId }),
  };
}

function unknownNetwork(params: {
  name: string;
  networks: HardhatRuntimeEnvironment["config"]["networks"];
}): WeftError {
  const known = Object.entries(params.networks).flatMap(([name, { type }]) =>
    type === "http" ? [name] : [],
  );
  return new WeftError({
    code: "bad-config",
    message: `no network ${params.name} in hardhat.config.ts; there are ${known.join(", ")}`,
    hint: "Name one of these, or add a line for your chain under `networks` in hardhat.config.ts.",
  });
}

async function readKey(variable: ResolvedConfigurationVariable): Promise<Hex> {
  const key = await resolve({ variable, read: () => variable.getHexString() });
  if (/^0x[0-9a-f]{64}$/i.test(key)) return key as Hex;
  throw unusable({ variable, why: "is not a private key of 32 bytes in hex" });
}

/** Reads a variable without passing on Hardhat's errors: the one for a malformed key would show the key. */
async function resolve(params: {
  variable: ResolvedConfigurationVariable;
  read: () => Promise<string>;
}): Promise<string> {
  const { variable, read } = params;
  let text: string;
  try {
    text = await variable.get();
  } catch (error) {
    if (error instanceof Error && /password/i.test(error.message)) throw lockedKeystore();
    throw unusable({ variable, why: "is not set" });
  }
  if (text.trim() === "") throw unusable({ variable, why: "is empty" });
  return await read().catch(() => {
    throw unusable({ variable, why: "is malformed" });
  });
}

function lockedKeystore(): WeftError {
  return new WeftError({
    code: "bad-config",
    message: "the password is wrong, or Hardhat's keystore is corrupted",
    hint: "Run the same command again with the keystore's password.",
  });
}

function unusable(params: { variable: ResolvedConfigurationVariable; why: string }): WeftError {
  const { variable, why } = params;
  const name = "name" in variable ? String(variable.name) : "a value in hardhat.config.ts";
  return new WeftError({
    code: "bad-config",
    message: `${name} ${why}`,
    hint: `Set it in the environment, or keep it encrypted: npx hardhat keystore set ${name}`,
  });
}
