import { mnemonicToAccount } from "viem/accounts";
import { addressFromPrivateKey } from "../../crypto/secp256k1.ts";
import { type Address, asAddress, asId, type Hex } from "../../wire/ids.ts";

/** The seed phrase whose accounts Anvil and Hardhat fund by default. Everybody knows it: use it nowhere else. */
export const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

const PARENT_PATH = "m/44'/60'/0'/0";

export type DevelopmentAccount = { readonly address: Address; readonly privateKey: Hex };

/** Derives the first `count` accounts of the development seed (BIP-39, BIP-44 path m/44'/60'/0'/0/i). */
export function developmentAccounts(params: { count: number }): DevelopmentAccount[] {
  const parent = mnemonicToAccount(DEVELOPMENT_MNEMONIC, { path: PARENT_PATH }).getHdKey();
  return Array.from({ length: params.count }, (_, index) => {
    const { privateKey } = parent.deriveChild(index);
    if (privateKey === null) throw new Error("a seed always has private keys");
    return { address: asAddress(addressFromPrivateKey(privateKey)), privateKey: asId(privateKey) };
  });
}
