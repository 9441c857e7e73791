import type { Database } from "./openDatabase.ts";

/** Makes LevelDB free the room of what was deleted now, not in its own time. Does nothing in browsers. */
export async function compactDatabase({ level }: Database): Promise<void> {
  const { compactRange } = level as { compactRange?: (start: Uint8Array, end: Uint8Array) => Promise<void> };
  await compactRange?.call(level, Uint8Array.of(0), Uint8Array.of(0xff));
}
