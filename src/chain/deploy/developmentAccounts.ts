import { pbkdf2Sync } from "node:crypto";
import { HDKey } from "viem/accounts";
import { addressFromPrivateKey } from "../../crypto/secp256k1.ts";
import { type Address, asAddress, asId, type Hex } from "../../wire/ids.ts";

/** The seed phrase whose accounts Anvil and Hardhat fund by default. Everybody knows it: use it nowhere else. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

const PARENT_PATH = "m/44'/60'/0'/0";
/** How BIP-39 makes a seed of a phrase that has no password. */
const SEED = { salt: "mnemonic", rounds: 2048, bytes: 64, hash: "sha512" } as const;

/** An account of the development seed. Its address, of which most are never asked for, is computed when it is read. */
export type DevelopmentAccount = { readonly address: Address; readonly privateKey: Hex };

/** Derives the first `count` accounts of the development seed (BIP-39, BIP-44 path m/44'/60'/0'/0/i). */
export function developmentAccounts(params: { count: number }): DevelopmentAccount[] {
  const seed = pbkdf2Sync(DEVELOPMENT_MNEMONIC, SEED.salt, SEED.rounds, SEED.bytes, SEED.hash);
  const parent = HDKey.fromMasterSeed(seed).derive(PARENT_PATH);
  return Array.from({ length: params.count }, (_, index) => {
    const { privateKey } = parent.deriveChild(index);
    if (privateKey === null) throw new Error("a seed always has private keys");
    return {
      get address() {
        return asAddress(addressFromPrivateKey(privateKey));
      },
      privateKey: asId(privateKey),
    };
  });
}
