/** Lets a number of tasks run at one time; the others wait in order. */
export type Turns = { readonly run: <Result>(task: () => Promise<Result>) => Promise<Result> };

export function createTurns(most: number): Turns {
  const waiting = new Set<() => void>();
  let running = 0;
  const next = (): void => {
    const [begin] = waiting;
    if (!begin) {
      running--;
      return;
    }
    waiting.delete(begin);
    begin();
  };
  return {
    run: async (task) => {
      if (running < most) running++;
      else await new Promise<void>((resolve) => void waiting.add(resolve));
      try {
        return await task();
      } finally {
        next();
      }
    },
  };
}
