import { Worker } from "node:worker_threads";
import type { PuzzleProgress, Puzzles } from "./puzzleSearch.ts";
import { puzzleWorkerText } from "./puzzleWorkerText.ts";

/** Starts a thread that solves puzzles, and gives what ends it. `onFailure`: it does not run, or broke off. */
export function startPuzzleWorker(params: {
  puzzles: Puzzles;
  onMessage: (progress: PuzzleProgress) => void;
  onFailure: () => void;
}): () => void {
  const { puzzles, onMessage, onFailure } = params;
  const text = puzzleWorkerText({ post: "parentPort.postMessage", puzzles: "run(workerData);" });
  const source = `const { parentPort, workerData } = require("node:worker_threads");\n${text}`;
  try {
    const worker = new Worker(source, { eval: true, workerData: puzzles });
    worker.on("message", onMessage);
    worker.on("error", onFailure);
    worker.on("exit", onFailure);
    return () => void worker.terminate();
  } catch {
    onFailure();
    return () => undefined;
  }
}
