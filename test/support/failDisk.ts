import type { Database } from "../../src/store/openDatabase.ts";

/**
 * Lets every write to a database and every try to open it end as on a disk without room, until it is disposed; as
 * LevelDB tells it, or in `words`.
 */
export function failDisk(
  { level }: Database,
  words = "IO error: 000005.log: No space left on device",
): Disposable {
  const { batch, open } = level;
  const fail = async (): Promise<never> => {
    throw Object.assign(new Error(words), { code: "LEVEL_IO_ERROR" });
  };
  Object.assign(level, { batch: fail, open: fail });
  return { [Symbol.dispose]: () => void Object.assign(level, { batch, open }) };
}
