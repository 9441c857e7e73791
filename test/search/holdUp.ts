import type { Database } from "../../src/store/openDatabase.ts";
import type { VirtualTime } from "./virtualTime.ts";

/** Which of the steps that something takes is late, and by how much. */
export type Lateness = { readonly step: number; readonly ms: number };

type Reading = (...args: unknown[]) => Promise<unknown>;

/**
 * Holds up one of all timers, calls, reads and writes from now on. In a world in memory whatever goes over a wire waits
 * for timers; reads and writes of the databases are steps of their own. What was held up goes on when this is stopped.
 */
export function holdUp(params: {
  time: VirtualTime;
  databases: readonly Database[];
  late: Lateness | undefined;
}): { readonly count: () => number; readonly stop: () => void } {
  const { time, databases, late } = params;
  let steps = 0;
  let isOver = false;
  const lateMs = (): number => (!isOver && steps++ === late?.step ? late.ms : 0);
  time.lateness = lateMs;
  const wait = async (): Promise<void> => {
    const ms = lateMs();
    if (ms === 0) return;
    time.lateness = undefined;
    const waited = new Promise<void>((resolve) => void setTimeout(resolve, ms));
    time.lateness = lateMs;
    await waited;
  };
  for (const { level } of databases) {
    const get = level.get.bind(level) as Reading;
    const batch = level.batch.bind(level) as Reading;
    const keys = level.keys.bind(level);
    Object.assign(level, {
      get: async (...args: unknown[]) => {
        await wait();
        return await get(...args);
      },
      batch: async (...args: unknown[]) => {
        await wait();
        const written = await batch(...args);
        await wait();
        return written;
      },
      keys: (...args: Parameters<typeof keys>) => {
        const iterator = keys(...args);
        const all = iterator.all.bind(iterator) as Reading;
        return Object.assign(iterator, {
          all: async (...options: unknown[]) => {
            await wait();
            return await all(...options);
          },
        });
      },
    });
  }
  const stop = (): void => {
    isOver = true;
  };
  return { count: () => steps, stop };
}
