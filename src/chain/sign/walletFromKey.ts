import { privateKeyToAccount } from "viem/accounts";
import { WeftError } from "../../errors.ts";
import type { Hex } from "../../wire/ids.ts";
import type { Wallet } from "./wallet.ts";

/** Makes a wallet of a secp256k1 private key (32 bytes in hex). Throws `malformed` for anything else. */
export function walletFromKey(privateKey: Hex): Wallet {
  try {
    return privateKeyToAccount(privateKey);
  } catch {
    // No cause: it might quote the key.
    throw new WeftError({ code: "malformed", message: "not a secp256k1 private key of 32 bytes in hex" });
  }
}
