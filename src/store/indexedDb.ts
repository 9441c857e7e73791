import { WeftError } from "../errors.ts";

/** How long to wait for the lock: a reloaded page may start before its predecessor has released it. */
const LOCK_WAIT_MS = 2_000;

/** True in browsers, which keep records in IndexedDB; Node.js keeps them in LevelDB. */
export function hasIndexedDb(): boolean {
  return "indexedDB" in globalThis;
}

/**
 * Takes a Web Lock on an IndexedDB and returns the function that releases it. Without a lock, several tabs could open
 * one database, and two tabs that seal with one ratchet reuse its keys. Throws `storage` while another tab holds the
 * lock, and where there are no locks: browsers have them only for pages by https or from localhost.
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
 * Makes every transaction of an IndexedDB durable before it is acknowledged. By default, browsers acknowledge what the
 * system has not yet written, and a ratchet that a power cut turned back would use keys again. `level` has no option.
 */
export function writeThrough(level: object): void {
  if (!("db" in level && level.db instanceof IDBDatabase)) return;
  const idb = level.db;
  const begin = idb.transaction.bind(idb);
  idb.transaction = (stores, mode) => begin(stores, mode, { durability: "strict" });
}
