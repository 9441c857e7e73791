import { MemoryLevel } from "memory-level";
import { type Database, type DatabaseKind, encodeMeta, metaKey } from "../../src/store/openDatabase.ts";
import type { Network } from "../../src/wire/network.ts";

/** A database as it lies on a disk: key and value. */
export type Rows = readonly (readonly [Uint8Array, Uint8Array])[];

/** What is written is copied, and so is what is read, as by LevelDB: nobody shares an array with the disk. */
const copies = {
  name: "copies",
  format: "view" as const,
  encode: (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes),
  decode: (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes),
};

/** A database in memory with the rows of another one. Databases of one `id` may not be open at once. */
export async function openMemoryDatabase(params: {
  name: string;
  kind: DatabaseKind;
  /** 16 bytes. */
  id: Uint8Array;
  network: Network;
  rows: Rows;
}): Promise<Database> {
  const { name: path, kind, id, network, rows } = params;
  const level = new MemoryLevel<Uint8Array, Uint8Array>({
    storeEncoding: "view",
    keyEncoding: copies,
    valueEncoding: copies,
  });
  await level.open();
  await level.batch(rows.map(([key, value]) => ({ type: "put", key, value })));
  await level.put(metaKey, encodeMeta({ kind, id, network }));
  const closing = new AbortController();
  return {
    ...{ path, kind, id, network, closed: closing.signal, onReopen: new Set<never>() },
    // The same interface: both are abstract-level's.
    level: level as unknown as Database["level"],
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await level.close();
    },
  };
}

/** All that a database holds. It may be closed, or be in the hands of a client that opens it anew. */
export async function readRows({ level }: Database): Promise<Rows> {
  for (;;) {
    await level.close();
    await level.open();
    if (level.status !== "open") continue;
    const rows = await level.iterator().all();
    await level.close();
    return rows;
  }
}
