import { WeftError } from "../errors.ts";

/** A page that is reloaded may start before its predecessor has let go. */
const LOCK_WAIT_MS = 2_000;

/** Browsers keep records in IndexedDB, Node.js in LevelDB. */
export function hasIndexedDb(): boolean {
  return "indexedDB" in globalThis;
}

/**
 * LevelDB has one owner at a time; any number of tabs can open an IndexedDB, and two that seal with one ratchet reuse
 * its keys. A Web Lock makes it one; the function that is returned lets go. WeftError `storage` while another tab
 * holds it, or where there are no locks: browsers give them to pages of https and of this machine only.
 */
export async function lockIndexedDb(path: string): Promise<() => void> {
  if (!navigator.locks) {
    throw new WeftError({
      code: "storage",
      message: `the database ${path} can't be locked: the page is not of a secure context`,
      hint: "Serve the page by https, or from localhost.",
    });
  }
  const granted = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const hold = (): Promise<void> => {
    granted.resolve();
    return released.promise;
  };
  const signal = AbortSignal.timeout(LOCK_WAIT_MS);
  navigator.locks.request(`weft ${path}`, { signal }, hold).catch((cause) => {
    granted.reject(
      new WeftError({
        code: "storage",
        message: `the database ${path} is in use`,
        hint: "Another tab or worker uses it: close that one, or name another database.",
        cause,
      }),
    );
  });
  await granted.promise;
  return released.resolve;
}

/**
 * Browsers acknowledge a write when the system has it, unless asked; a ratchet that a power cut turned back would
 * use keys again. `level` does not pass the wish on.
 */
export function writeThrough(level: object): void {
  if (!("db" in level && level.db instanceof IDBDatabase)) return;
  const idb = level.db;
  const begin = idb.transaction.bind(idb);
  idb.transaction = (stores, mode) => begin(stores, mode, { durability: "strict" });
}
