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
  direct: replaying<VerdictVectors>(replayVerdict),
  outcomes: replaying<OutcomeVectors>(replayOutcome),
  fences: replaying<FenceVectors>(replayFence),
  coverage: replaying<CoverageVectors>(replayCoverage),
  timelines: replaying<TimelineVectors>(replayTimeline),
  layouts: replaying<LayoutVectors>(replayLayout),
};

export type VectorName = keyof typeof replays;
export const vectorNames = Object.keys(replays) as VectorName[];

export type Replay = VectorCase & {
  /** What the case gives now. */
  readonly replay: () => unknown;
};

/** The cases of a file. */
export function replaysOf(name: VectorName): Replay[] {
  return replays[name](readVectorFile(name));
}

function replaying<File extends VectorFile<object, object>>(
  replay: (params: { vectors: File; input: File["cases"][number] }) => unknown,
) {
  return (vectors: File): Replay[] =>
    vectors.cases.map((input) => ({ ...input, replay: () => asJson(replay({ vectors, input })) }));
}
