import { concatBytes } from "../../crypto/concatBytes.ts";
import { u32 } from "../../wire/bytes.ts";
import type { Entry, EntryFields } from "../../wire/chainEntry.ts";
import type { Write } from "../writeAtomic.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Encodes a value as JSON in UTF-8; fields that are undefined are left out. */
export function writeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function parseJson<T>(bytes: Uint8Array): T {
  return JSON.parse(decoder.decode(bytes)) as T;
}

/** Encodes an entry's fields: length (u32) ‖ fields as JSON. The payload has a record of its own. */
export function encodeEntry({ payload: _, ...fields }: Entry): Uint8Array {
  const json = writeJson(fields);
  return concatBytes(u32(json.length), json);
}

/** Decodes an entry's fields. `payload` is empty unless an earlier version wrote it after the fields. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0);
  const fields = parseJson<EntryFields>(bytes.subarray(4, 4 + length));
  return { ...fields, payload: bytes.slice(4 + length) };
}

/** Encodes how to undo a change: 1 if there was a former value, else 0 ‖ key length (u32) ‖ key ‖ former value. */
export function encodeUndo(params: { key: Uint8Array; former: Uint8Array | undefined }): Uint8Array {
  const { key, former } = params;
  const existed = Uint8Array.of(former === undefined ? 0 : 1);
  return concatBytes(existed, u32(key.length), key, former ?? new Uint8Array());
}

/** Decodes an undo record into the write that brings the former value back. */
export function decodeUndo(bytes: Uint8Array): Write {
  const end = 5 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1);
  const key = bytes.slice(5, end);
  return bytes[0] === 0 ? { type: "del", key } : { type: "put", key, value: bytes.slice(end) };
}
