import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/** Pino's levels from which on a line is counted, and how they are told. */
const LEVELS = new Map([
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);

/** How often a node has warned of what, by words. */
export async function readNodeLog(params: { file: string }): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const line of createInterface({ input: createReadStream(params.file) })) {
    const told = wordsOf(line);
    if (told !== undefined) counts.set(told, (counts.get(told) ?? 0) + 1);
  }
  return counts;
}

/** What is no line of its log is what the platform prints before a process ends: it counts. */
function wordsOf(line: string): string | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string };
    const name = LEVELS.get(level);
    return name && `${name}: ${msg}`;
  } catch {
    return line.trim() === "" ? undefined : `printed: ${line.slice(0, 120)}`;
  }
}
