import { createHash } from "node:crypto";
import { equalBytes } from "../../crypto/equalBytes.ts";
import {
  BACKUP_FORMAT,
  BACKUP_MAGIC,
  type BackupHeader,
  badBackup,
  DIGEST_BYTES,
  MAX_HEADER_BYTES,
  MAX_KEY_BYTES,
  MAX_VALUE_BYTES,
  U32_BYTES,
  U64_BYTES,
} from "./backupFormat.ts";
import { openByteReader } from "./byteReader.ts";

/** A part of a backup; the header comes first, the end last. */
export type BackupPart =
  | { readonly kind: "header"; readonly header: BackupHeader }
  | { readonly kind: "pair"; readonly key: Uint8Array; readonly value: Uint8Array }
  /** The backup is complete, and its hash is right. */
  | { readonly kind: "end"; readonly count: bigint };

/**
 * Yields a backup's parts as their bytes come. Only `end` shows that the backup is whole: a caller that has stored
 * pairs must drop them if it does not come. Throws `bad-backup`.
 */
export async function* readBackup(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  const hash = createHash("sha256");
  const reader = openByteReader(bytes);
  const take = async (length: number): Promise<Uint8Array> => {
    const taken = await reader.take(length);
    if (taken === undefined) throw badBackup("it is cut off");
    hash.update(taken);
    return taken;
  };
  const number = async (): Promise<number> => viewOf(await take(U32_BYTES)).getUint32(0);
  const magic = await reader.take(BACKUP_MAGIC.length);
  if (magic === undefined || !equalBytes(magic, BACKUP_MAGIC)) throw badBackup("it is no backup of a node");
  hash.update(magic);
  yield { kind: "header", header: parseHeader(await take(bounded(await number(), MAX_HEADER_BYTES))) };
  let count = 0n;
  for (;;) {
    const keyLength = bounded(await number(), MAX_KEY_BYTES);
    if (keyLength === 0) break;
    const valueLength = bounded(await number(), MAX_VALUE_BYTES);
    yield { kind: "pair", key: await take(keyLength), value: await take(valueLength) };
    count++;
  }
  const told = viewOf(await take(U64_BYTES)).getBigUint64(0);
  const digest = await reader.take(DIGEST_BYTES);
  if (digest === undefined) throw badBackup("it is cut off");
  if (told !== count || !equalBytes(digest, hash.digest())) throw badBackup("it is damaged");
  if ((await reader.take(1)) !== undefined) throw badBackup("something follows its end");
  yield { kind: "end", count };
}

function bounded(length: number, most: number): number {
  if (length <= most) return length;
  throw badBackup("it is damaged");
}

function parseHeader(bytes: Uint8Array): BackupHeader {
  let header: BackupHeader;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes)) as BackupHeader;
  } catch (cause) {
    throw badBackup("it is damaged", cause);
  }
  const { format } = header ?? {};
  if (format !== BACKUP_FORMAT)
    throw badBackup(`its format is ${format}, this version knows ${BACKUP_FORMAT}`);
  if (typeof header.network === "object" && header.network !== null) return header;
  throw badBackup("it is damaged");
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
