import type { Database } from "./openDatabase.ts";

/** Has LevelDB give back the room of what was deleted, which it does in its own time else. */
export async function compactDatabase({ level }: Database): Promise<void> {
  const { compactRange } = level as { compactRange?: (start: Uint8Array, end: Uint8Array) => Promise<void> };
  await compactRange?.call(level, Uint8Array.of(0), Uint8Array.of(0xff));
}
