import { concatBytes } from "../../crypto/concatBytes.ts";
import { u64 } from "../../wire/bytes.ts";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";

type Checkpoint = { readonly block: number; readonly headerHash: Hex };
type LastCheckpoint = { readonly sequence: bigint; readonly block: number };

const HASH_AT = 8;

/** Encodes a checkpoint: block (u64) ‖ header hash. */
export function encodeCheckpoint({ block, headerHash }: Checkpoint): Uint8Array {
  return concatBytes(u64(block), fromHex(headerHash));
}

export function decodeCheckpoint(value: Uint8Array): Checkpoint {
  return { block: Number(u64At(value, 0)), headerHash: toHex(value.subarray(HASH_AT)) };
}

/** Encodes a log's last checkpoint: sequence (u64) ‖ block (u64). */
export function encodeLastCheckpoint({ sequence, block }: LastCheckpoint): Uint8Array {
  return concatBytes(u64(sequence), u64(block));
}

export function decodeLastCheckpoint(value: Uint8Array): LastCheckpoint {
  return { sequence: u64At(value, 0), block: Number(u64At(value, 8)) };
}

function u64At(value: Uint8Array, at: number): bigint {
  return new DataView(value.buffer, value.byteOffset, value.length).getBigUint64(at);
}
