import { WeftError } from "../../errors.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { NetworkIdentity } from "../openDatabase.ts";

/**
 * The first bytes of a backup, which is a node's database in one file. After them come the header, the pairs in the
 * order of their keys, and the end. A pair is key length (u32) ‖ value length (u32) ‖ key ‖ value; the end is a zero
 * (u32) ‖ the number of pairs (u64) ‖ the SHA-256 of all bytes before the hash. Numbers are big-endian.
 */
export const BACKUP_MAGIC = new TextEncoder().encode("weft-node-backup");
export const BACKUP_FORMAT = 1;

export const U32_BYTES = 4;
export const U64_BYTES = 8;
export const DIGEST_BYTES = 32;
export const MAX_HEADER_BYTES = 64 * 1024;
/** Far above what a node writes: a greater length means that the file is damaged. */
export const MAX_KEY_BYTES = 1024;
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/** What a backup says of itself: JSON, after its length (u32). */
export type BackupHeader = {
  readonly format: number;
  /** The database's SCHEMA_VERSION. */
  readonly schema: number;
  readonly network: NetworkIdentity;
  /** The node whose database it was. */
  readonly node: NodeId;
  /** When the backup was begun, in milliseconds since 1970. */
  readonly writtenAt: number;
  /** About how large the file is; 0 if unknown. */
  readonly expectedBytes: number;
};

/** Makes the error `bad-backup`; `why` ends its message. */
export function badBackup(why: string, cause?: unknown): WeftError {
  return new WeftError({ code: "bad-backup", message: `the backup can't be used: ${why}`, cause });
}
