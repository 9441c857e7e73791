import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../openDatabase.ts";

/** What a database's files take on the disk. */
export async function databaseBytes({ path }: Pick<Database, "path">): Promise<number> {
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** LevelDB removes files as it goes. */
async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
