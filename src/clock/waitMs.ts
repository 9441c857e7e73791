import { onAbort } from "./onAbort.ts";

/** Resolves after `ms` or when the signal aborts; never rejects. */
export async function waitMs(params: { ms: number; signal: AbortSignal | undefined }): Promise<void> {
  const { ms, signal } = params;
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    const forget = signal && onAbort(signal, done);
    function done(): void {
      clearTimeout(timer);
      forget?.();
      resolve();
    }
  });
}
