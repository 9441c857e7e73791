import { WeftError } from "../../errors.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { NetworkIdentity } from "../openDatabase.ts";

/**
 * A node's database as one file: magic, header, then pairs in the order of their keys, then the end. A pair is key
 * length (u32), value length (u32), key, value; the end is a zero (u32), the count of pairs (u64) and the SHA-256 of all
 * before it. Numbers are big-endian.
 */
export const BACKUP_MAGIC = new TextEncoder().encode("weft-node-backup");
export const BACKUP_FORMAT = 1;

export const U32_BYTES = 4;
export const U64_BYTES = 8;
export const DIGEST_BYTES = 32;
export const MAX_HEADER_BYTES = 64 * 1024;
/** Far above what a node writes: a length beyond is damage. */
export const MAX_KEY_BYTES = 1024;
export const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/** What a backup says of itself, as JSON behind its length (u32). */
export type BackupHeader = {
  readonly format: number;
  /** SCHEMA_VERSION of the database. */
  readonly schema: number;
  readonly network: NetworkIdentity;
  /** Whose database it was. */
  readonly node: NodeId;
  /** Milliseconds since 1970. */
  readonly writtenAt: number;
  /** Roughly how large the file will be; 0: nobody knows. */
  readonly expectedBytes: number;
};

export function badBackup(why: string, cause?: unknown): WeftError {
  return new WeftError({ code: "bad-backup", message: `the backup can't be used: ${why}`, cause });
}
