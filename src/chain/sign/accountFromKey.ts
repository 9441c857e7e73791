import { serializeTransaction } from "viem";
import { keccak256 } from "../../crypto/keccak256.ts";
import { addressFromPrivateKey, signDigest } from "../../crypto/secp256k1.ts";
import { WeftError } from "../../errors.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";
import type { PayingAccount } from "./payingAccount.ts";

const WORD_BYTES = 32;
const RECOVERY_OFFSET = 27;

/** Makes the account of a private key (32 bytes in hex). Throws `malformed` for anything else, without quoting it. */
export function accountFromKey(text: Hex): PayingAccount {
  const { address, privateKey } = readKey(text);
  return {
    address,
    signTransaction: async (transaction) => {
      const digest = keccak256(fromHex(serializeTransaction(transaction)));
      const signature = signDigest({ privateKey, digest });
      return serializeTransaction(transaction, {
        r: toHex(signature.subarray(0, WORD_BYTES)),
        s: toHex(signature.subarray(WORD_BYTES, 2 * WORD_BYTES)),
        yParity: (signature[2 * WORD_BYTES] ?? 0) - RECOVERY_OFFSET,
      });
    },
  };
}

function readKey(text: Hex) {
  try {
    const privateKey = fromHex(text);
    return { privateKey, address: addressFromPrivateKey(privateKey) };
  } catch {
    // No cause: it might quote the key.
    throw new WeftError({ code: "malformed", message: "not a secp256k1 private key of 32 bytes in hex" });
  }
}
