/** Waits `ms` milliseconds, or until the signal aborts; never throws. */
export function delay(params: { ms: number; signal: AbortSignal | undefined }): Promise<void> {
  const { ms, signal } = params;
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
