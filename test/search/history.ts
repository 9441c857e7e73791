import fc from "fast-check";
import type { WriteTrap } from "./seat.ts";

/** One step of a random history; numbers are taken modulo what there is. */
export type Step = {
  readonly kind: StepKind;
  readonly who: number;
  readonly whom: number;
  /** How long nothing else is asked for afterwards; milliseconds. */
  readonly pauseMs: number;
};

export type StepKind = (typeof stepKinds)[number][0];

export type History = {
  /** Decides what takes how long, what breaks and in which order things come. */
  readonly seed: number;
  readonly base: number;
  /** Share of calls that break. */
  readonly faults: number;
  readonly steps: readonly Step[];
  /** What happens at somebody's write, beside the steps. */
  readonly trap?: Readonly<WriteTrap> & { readonly seat: string };
};

/** With their weights. */
const stepKinds = [
  ["send", 12],
  ["delete-own", 1],
  ["delete-other", 2],
  ["rename", 2],
  ["rotate", 2],
  ["add", 2],
  ["remove", 3],
  ["role", 2],
  ["leave", 1],
  ["revoke", 1],
  ["reorg", 3],
  ["standstill", 1],
  ["crash", 4],
  ["disk-fault", 2],
  ["away", 2],
  ["node-down", 2],
  ["split", 1],
  ["prefer", 1],
  ["junk-entry", 1],
  ["post-again", 1],
  ["old-member-posts", 3],
  ["collude", 2],
] as const;

/** How often something is asked for alone, for each time that it begins a story. */
const SINGLE = 12;

const index = fc.nat({ max: 1000 });
const pause = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat({ max: 400 }) },
  { weight: 2, arbitrary: fc.nat({ max: 4_000 }) },
);

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...stepKinds.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
  who: index,
  whom: index,
  pauseMs: pause,
});

/**
 * What rarely comes about by itself: somebody commits, others talk in the new epoch, and a reorganization takes it
 * while its author is away, so that another commit stands in its place.
 */
const vanishedEpoch = fc
  .tuple(index, index, index, fc.constantFrom("rename", "rotate", "remove", "add"))
  .map(([author, other, whom, kind]): Step[] => [
    { kind, who: author, whom, pauseMs: 2_200 },
    { kind: "send", who: other, whom, pauseMs: 0 },
    { kind: "send", who: author, whom, pauseMs: 300 },
    { kind: "away", who: author, whom, pauseMs: 0 },
    { kind: "reorg", who: other, whom: 3, pauseMs: 0 },
    { kind: "rename", who: other, whom, pauseMs: 2_200 },
  ]);

const part: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: SINGLE, arbitrary: step.map((one) => [one]) },
  { weight: 1, arbitrary: vanishedEpoch },
);

/** Histories of so many parts that begin from any of the bases. */
export const histories = (params: { minLength: number; maxLength: number }): fc.Arbitrary<History> =>
  fc.record({
    seed: fc.nat({ max: 2 ** 31 - 1 }),
    base: index,
    faults: fc.constantFrom(0, 0.01, 0.05),
    steps: fc.array(part, { ...params, size: "max" }).map((parts) => parts.flat()),
  });
