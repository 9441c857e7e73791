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

export type StepKind = (typeof honestSteps)[number][0] | (typeof lyingSteps)[number][0];

export type History = {
  /** Decides what takes how long, what breaks and in which order things come. */
  readonly seed: number;
  readonly base: number;
  /** Share of calls that break. */
  readonly faults: number;
  readonly steps: readonly Step[];
  /** In a network with nodes that lie: whether they still do when all other faults are over. */
  readonly liars?: "stop" | "go-on";
  /** What happens at somebody's write, beside the steps. */
  readonly trap?: Readonly<WriteTrap> & { readonly seat: string };
};

/** With their weights. */
const honestSteps = [
  ["send", 10],
  ["reply", 1],
  ["edit", 2],
  ["react", 3],
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
  ["clock", 2],
  ["junk-entry", 1],
  ["post-again", 1],
  ["old-member-posts", 3],
  ["collude", 2],
] as const;

/** Beside the others where nodes may lie: `who` draws by whom and to whom, `whom` what is said. */
const lyingSteps = [
  ["lie-registry", 5],
  ["lie-order", 3],
  ["lie-existence", 5],
  ["lie-completeness", 3],
  ["lie-nodes", 3],
  ["lie-topics", 4],
  ["lie-answers", 3],
  ["old-member-asks", 3],
  ["eclipse", 2],
  ["truth", 4],
] as const;

/** How often something is asked for alone, for each time that it begins a story. */
const SINGLE = 12;

const index = fc.nat({ max: 1000 });
const pause = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat({ max: 400 }) },
  { weight: 2, arbitrary: fc.nat({ max: 4_000 }) },
);

function stepOf(kinds: readonly (readonly [StepKind, number])[]): fc.Arbitrary<Step> {
  const kind = fc.oneof(...kinds.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) })));
  return fc.record({ kind, who: index, whom: index, pauseMs: pause });
}

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

type Lengths = { readonly minLength: number; readonly maxLength: number };

/** Whether nodes lie: in none, in all or in half of the histories. */
export const historyKinds = ["honest", "lying", "mixed"] as const;
export type Kinds = (typeof historyKinds)[number];

export function someHistories(kinds: Kinds, lengths: Lengths): fc.Arbitrary<History> {
  if (kinds === "mixed") return fc.oneof(histories(lengths), lyingHistories(lengths));
  return kinds === "lying" ? lyingHistories(lengths) : histories(lengths);
}

/** Histories of so many parts that begin from any of the bases; all nodes tell the truth. */
export function histories(lengths: Lengths): fc.Arbitrary<History> {
  return fc.record(partsOf(stepOf(honestSteps), lengths));
}

/** The same in a network where one operator at a time may lie. */
function lyingHistories(lengths: Lengths): fc.Arbitrary<History> {
  const step = stepOf([...honestSteps, ...lyingSteps]);
  return fc.record({ ...partsOf(step, lengths), liars: fc.constantFrom("stop", "go-on") });
}

function partsOf(step: fc.Arbitrary<Step>, lengths: Lengths) {
  const part = fc.oneof(
    { weight: SINGLE, arbitrary: step.map((one) => [one]) },
    { weight: 1, arbitrary: vanishedEpoch },
  );
  return {
    seed: fc.nat({ max: 2 ** 31 - 1 }),
    base: index,
    faults: fc.constantFrom(0, 0.01, 0.05),
    steps: fc.array(part, { ...lengths, size: "max" }).map((parts) => parts.flat()),
  };
}
