import { writeFile } from "node:fs/promises";

const clock = new URL("./clock.ts", import.meta.url).href;

/** The wall clock of one process, through all its runs. */
export type Clock = {
  /** For the process, so that it goes by this clock. */
  readonly env: Readonly<Record<string, string>>;
  /** Wrong by so much, from within the next 250 ms on. */
  readonly set: (wrongByMs: number) => Promise<void>;
};

export async function openClock(params: { file: string }): Promise<Clock> {
  const { file } = params;
  const set = (wrongByMs: number): Promise<void> => writeFile(file, String(wrongByMs));
  await set(0);
  return { env: { NODE_OPTIONS: `--import ${clock}`, WEFT_CHAOS_CLOCK: file }, set };
}
