import type { PuzzleProgress, Puzzles } from "./puzzleSearch.ts";
import { puzzleWorkerText } from "./puzzleWorkerText.ts";

/** What there is of a browser's worker. */
type WebWorker = {
  onmessage: (event: { data: PuzzleProgress }) => void;
  onerror: () => void;
  readonly postMessage: (puzzles: Puzzles) => void;
  readonly terminate: () => void;
};

/** As in Node.js, by a worker of its own text: where a page's rules forbid that, it fails. */
export function startPuzzleWorker(params: {
  puzzles: Puzzles;
  onMessage: (progress: PuzzleProgress) => void;
  onFailure: () => void;
}): () => void {
  const { puzzles, onMessage, onFailure } = params;
  const { Worker } = globalThis as unknown as { Worker?: new (url: string) => WebWorker };
  if (Worker === undefined) {
    onFailure();
    return () => undefined;
  }
  const text = puzzleWorkerText({ post: "postMessage", puzzles: "onmessage = ({ data }) => run(data);" });
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => onMessage(data);
    worker.onerror = onFailure;
    worker.postMessage(puzzles);
    return () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    };
  } catch {
    URL.revokeObjectURL(url);
    onFailure();
    return () => undefined;
  }
}
