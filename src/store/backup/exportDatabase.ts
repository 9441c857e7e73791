import { createHash } from "node:crypto";
import { concatBytes } from "../../crypto/concatBytes.ts";
import { u32, u64 } from "../../wire/bytes.ts";
import type { NodeId } from "../../wire/ids.ts";
import { type Database, metaKey, networkIdentity } from "../openDatabase.ts";
import { SCHEMA_VERSION } from "../schema.ts";
import { BACKUP_FORMAT, BACKUP_MAGIC, type BackupHeader } from "./backupFormat.ts";
import { databaseBytes } from "./databaseBytes.ts";

const PAIRS_AT_ONCE = 1_000;
/** How much is read at once. */
const PAGE_BYTES = 256 * 1024;

/**
 * Yields the bytes of a backup of an open node's database as it was at one moment: LevelDB keeps what an iterator sees
 * for as long as the iterator is open. The record that names the database (`meta`) is left out. Throws as reads do.
 */
export async function* exportDatabase(params: {
  database: Database;
  node: NodeId;
  /** The present time, in milliseconds since 1970. */
  now: number;
}): AsyncGenerator<Uint8Array> {
  const { database } = params;
  const hash = createHash("sha256");
  const hashed = (bytes: Uint8Array): Uint8Array => {
    hash.update(bytes);
    return bytes;
  };
  // Opened before anything is awaited, so that it sees all that is acknowledged by now.
  const iterator = database.level.iterator({ gt: metaKey, ...{ highWaterMarkBytes: PAGE_BYTES } });
  try {
    yield hashed(headBytes(await headerOf(params)));
    let count = 0n;
    for (;;) {
      const pairs = await iterator.nextv(PAIRS_AT_ONCE);
      if (pairs.length === 0) break;
      count += BigInt(pairs.length);
      yield hashed(concatBytes(...pairs.flatMap(pairBytes)));
    }
    yield hashed(concatBytes(u32(0), u64(count)));
    yield hash.digest();
  } finally {
    await iterator.close();
  }
}

async function headerOf(params: { database: Database; node: NodeId; now: number }): Promise<BackupHeader> {
  const { database, node, now } = params;
  return {
    format: BACKUP_FORMAT,
    schema: SCHEMA_VERSION,
    network: networkIdentity(database.network),
    node,
    writtenAt: now,
    expectedBytes: await databaseBytes(database).catch(() => 0),
  };
}

function headBytes(header: BackupHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  return concatBytes(BACKUP_MAGIC, u32(json.length), json);
}

function pairBytes([key, value]: readonly [Uint8Array, Uint8Array]): Uint8Array[] {
  return [u32(key.length), u32(value.length), key, value];
}
