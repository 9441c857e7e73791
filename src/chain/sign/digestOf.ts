import { hashTypedData } from "viem";
import { fromHex } from "../../wire/ids.ts";
import type { TypedData } from "./wallet.ts";

/** Computes the hash (EIP-712, 32 bytes) that stands for typed data where it is signed. */
export function digestOf(data: TypedData): Uint8Array<ArrayBuffer> {
  return fromHex(hashTypedData(data));
}
