/** Runs tasks one after another; a task that fails does not stop those after it. */
export type SerialQueue = {
  readonly run: <Result>(task: () => Promise<Result>) => Promise<Result>;
  /** Resolves when everything that was queued so far has ended. */
  readonly idle: () => Promise<void>;
};

export function createSerialQueue(): SerialQueue {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    run: (task) => {
      const result = tail.then(task);
      tail = result.catch(() => undefined);
      return result;
    },
    idle: async () => {
      await tail;
    },
  };
}
