import { type LayoutVectors, replayLayout } from "./layoutVectors.ts";
import {
  type CoverageVectors,
  type FenceVectors,
  type OutcomeVectors,
  replayCoverage,
  replayFence,
  replayOutcome,
} from "./messageVectors.ts";
import { replayTimeline, type TimelineVectors } from "./timelineVectors.ts";
import { asJson, readVectorFile, type VectorCase, type VectorFile } from "./vectorFile.ts";
import { replayVerdict, type VerdictVectors } from "./verdictVectors.ts";

/** By the names of the files under test/vectors. */
const replays = {
  verdicts: replaying<VerdictVectors>(replayVerdict),
  outcomes: replaying<OutcomeVectors>(replayOutcome),
  fences: replaying<FenceVectors>(replayFence),
  coverage: replaying<CoverageVectors>(replayCoverage),
  timelines: replaying<TimelineVectors>(replayTimeline),
  layouts: replaying<LayoutVectors>(replayLayout),
};

export type VectorName = keyof typeof replays;
export const vectorNames = Object.keys(replays) as VectorName[];

/** A file with what its cases give now in place of what they gave. */
export function replayVectors(name: VectorName): VectorFile<object, object> {
  return replays[name](readVectorFile(name));
}

function replaying<File extends VectorFile<object, object>>(
  replay: (params: { vectors: File; input: File["cases"][number] }) => unknown,
) {
  return (vectors: File): VectorFile<object, VectorCase> => ({
    ...vectors,
    cases: vectors.cases.map((input) => ({ ...input, expected: asJson(replay({ vectors, input })) })),
  });
}
