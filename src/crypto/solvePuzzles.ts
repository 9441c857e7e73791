import { startPuzzleWorker } from "#puzzle-worker";
import { openPuzzleSearch, type PuzzleProgress, type Puzzles } from "./puzzleSearch.ts";

/** Hashes between which others have their turn where no worker runs: 2 ms on a computer, 20 ms on a phone. */
const SLICE_HASHES = 2_048;

/**
 * The nonces that solve all puzzles, found in a worker; where the platform, or an app's rules, let none run, in slices
 * on this thread. `onProgress` hears how many are solved. Throws the signal's reason if it aborts.
 */
export async function solvePuzzles(params: {
  puzzles: Puzzles;
  onProgress?: ((solved: number) => void) | undefined;
  signal: AbortSignal;
}): Promise<Uint8Array> {
  const { puzzles, onProgress = () => undefined, signal } = params;
  signal.throwIfAborted();
  return (
    (await inWorker({ puzzles, onProgress, signal })) ?? (await inSlices({ puzzles, onProgress, signal }))
  );
}

type Running = { puzzles: Puzzles; onProgress: (solved: number) => void; signal: AbortSignal };

/** Undefined: no worker runs here. */
async function inWorker({ puzzles, onProgress, signal }: Running): Promise<Uint8Array | undefined> {
  const found = Promise.withResolvers<Uint8Array | undefined>();
  const onMessage = ({ solved, nonces }: PuzzleProgress): void => {
    onProgress(solved);
    if (nonces !== undefined) found.resolve(nonces);
  };
  const stop = startPuzzleWorker({ puzzles, onMessage, onFailure: () => found.resolve(undefined) });
  const onAbort = (): void => found.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await found.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    stop();
  }
}

async function inSlices({ puzzles, onProgress, signal }: Running): Promise<Uint8Array> {
  const search = openPuzzleSearch(puzzles);
  for (;;) {
    const { solved, nonces } = search(SLICE_HASHES);
    onProgress(solved);
    if (nonces !== undefined) return nonces;
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
}
