import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../openDatabase.ts";

/** Returns the size of a database's files, in bytes. */
export async function databaseBytes({ path }: Pick<Database, "path">): Promise<number> {
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns a file's size; 0 for a file that LevelDB has removed meanwhile. */
async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
