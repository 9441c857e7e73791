import { WeftError } from "../../errors.ts";
import type { Network } from "../../wire/network.ts";
import { markImported } from "../node/ownGeneration.ts";
import { type Database, metaKey, networkIdentity, openDatabase } from "../openDatabase.ts";
import { SCHEMA_VERSION } from "../schema.ts";
import { put, type Write, writeAtomic } from "../writeAtomic.ts";
import { type BackupHeader, badBackup } from "./backupFormat.ts";
import { readBackup } from "./readBackup.ts";

/** The header of an imported backup, and how many pairs it held. */
export type Imported = { readonly header: BackupHeader; readonly pairs: number };

const WRITE_BYTES = 4 * 1024 * 1024;

/**
 * Makes a new database at `path` from a backup. It gets an id of its own, so that cursors of the old one are refused,
 * and a mark that makes its node sign in a new generation. The database is whole if this resolves; otherwise the caller
 * has to remove the directory. Throws `bad-backup`, `wrong-network`, the signal's reason, and as `openDatabase` and
 * writes do.
 */
export async function importDatabase(params: {
  bytes: AsyncIterable<Uint8Array>;
  path: string;
  network: Network;
  signal: AbortSignal;
}): Promise<Imported> {
  const { bytes, path, network, signal } = params;
  let header: BackupHeader | undefined;
  let writes: Write[] = [];
  let held = 0;
  await using database = await openDatabase({ path, kind: "node", network });
  const flush = async (sync: boolean): Promise<void> => {
    await writeAtomic({ database, writes, sync });
    writes = [];
    held = 0;
  };
  for await (const part of readBackup(bytes)) {
    signal.throwIfAborted();
    if (part.kind === "header") {
      header = part.header;
      checkHeader({ header, database });
      continue;
    }
    if (part.kind === "end") {
      writes.push(markImported());
      await flush(true);
      if (header !== undefined) return { header, pairs: Number(part.count) };
      continue;
    }
    if (part.key[0] === metaKey[0]) throw badBackup("it names a database, which none does");
    writes.push(put(part.key, part.value));
    held += part.key.length + part.value.length;
    if (held >= WRITE_BYTES) await flush(false);
  }
  throw badBackup("it is cut off");
}

function checkHeader(params: { header: BackupHeader; database: Database }): void {
  const { header, database } = params;
  const own = Object.entries(networkIdentity(database.network));
  const other = own.find(([name, value]) => header.network[name as keyof BackupHeader["network"]] !== value);
  if (other !== undefined) {
    const [name, value] = other;
    const theirs = header.network[name as keyof BackupHeader["network"]];
    throw new WeftError({
      code: "wrong-network",
      message: `the backup has ${name} ${theirs}, not ${value}`,
      hint: "Name the address file of the backup's network, or take a backup of this one's.",
    });
  }
  if (header.schema === SCHEMA_VERSION) return;
  throw badBackup(`its schema version is ${header.schema}, this version of Weft has ${SCHEMA_VERSION}`);
}
