import { privateKeyToAccount } from "viem/accounts";
import { WeftError } from "../../errors.ts";
import type { Hex } from "../../wire/ids.ts";
import type { Wallet } from "./wallet.ts";

/** A wallet that signs by itself. Throws `malformed` for anything but a secp256k1 private key (32 bytes, hex). */
export function walletFromKey(privateKey: Hex): Wallet {
  try {
    return privateKeyToAccount(privateKey);
  } catch {
    // No cause: it might quote the key.
    throw new WeftError({ code: "malformed", message: "not a secp256k1 private key of 32 bytes in hex" });
  }
}
