import type { Database } from "./openDatabase.ts";
import { storageFault } from "./storageFault.ts";

/** A put or a delete, to be written with others by `writeAtomic`. */
export type Write =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: Uint8Array };

/**
 * Makes all writes or none, in one LevelDB batch. `sync`: they are on disk when the promise resolves, as every
 * acknowledgement needs. Throws `storage`, `disk-full` or `damaged-database`: whether they were written is then unknown
 * until `reopenDatabase`.
 */
export async function writeAtomic(params: {
  database: Database;
  writes: readonly Write[];
  sync: boolean;
}): Promise<void> {
  const { database, writes, sync } = params;
  if (writes.length === 0) return;
  try {
    await database.level.batch([...writes], { sync });
  } catch (cause) {
    throw storageFault({ path: database.path, cause });
  }
}

export function put(key: Uint8Array, value: Uint8Array): Write {
  return { type: "put", key, value };
}

export function del(key: Uint8Array): Write {
  return { type: "del", key };
}
