import { openPuzzleSearch } from "./puzzleSearch.ts";

/** Hashes between two messages of a worker. */
const STEP_HASHES = 16_384;

/** What a worker runs, as text, so that no bundler has to know of it: `post` sends, `puzzles` is what it gets. */
export function puzzleWorkerText(params: { post: string; puzzles: string }): string {
  const { post, puzzles } = params;
  return `const open = ${openPuzzleSearch.toString()};
const run = (puzzles) => {
  const search = open(puzzles);
  for (let last = -1; ; ) {
    const progress = search(${STEP_HASHES});
    if (progress.solved !== last) ${post}(progress);
    last = progress.solved;
    if (progress.nonces !== undefined) return;
  }
};
${puzzles}`;
}
