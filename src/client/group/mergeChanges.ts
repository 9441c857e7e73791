import type { Intent } from "../../reconciler/records/intent.ts";
import type { GroupChange } from "./changeGroup.ts";

type Mergers = {
  readonly [Part in keyof GroupChange]-?: (
    a: NonNullable<GroupChange[Part]>,
    b: NonNullable<GroupChange[Part]>,
  ) => NonNullable<GroupChange[Part]>;
};

/** Merges a part that both changes have. */
const mergers: Mergers = {
  record: last,
  entries: joined,
  droppedEntries: joined,
  dead: (a, b) => new Map([...a, ...b]),
  droppedDead: joined,
  intents: lastOfEach,
  publications: joined,
  droppedPublications: joined,
  staged: joined,
  droppedStaged: joined,
  epochs: joined,
  droppedEpochs: joined,
  held: last,
  copy: last,
  topicAnew: joined,
  writes: joined,
  events: joined,
  sync: (a, b) => a || b,
};
const parts = Object.keys(mergers) as (keyof GroupChange)[];

/**
 * Merges several changes of a group into one: lists are joined in the order given; of two values for which there is
 * room for one, and of two changes of the same intent, the later change's stands.
 */
export function mergeChanges(...changes: readonly GroupChange[]): GroupChange {
  const merged: Partial<Record<keyof GroupChange, unknown>> = {};
  for (const part of parts) {
    const merge = mergers[part] as (a: object, b: object) => object;
    const there = changes
      .map((change) => change[part] as object | undefined)
      .filter((value) => value !== undefined);
    if (there.length > 0) merged[part] = there.reduce(merge);
  }
  return merged as GroupChange;
}

function last<T>(_: T, b: T): T {
  return b;
}

function joined<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return [...a, ...b];
}

function lastOfEach(a: readonly Intent[], b: readonly Intent[]): readonly Intent[] {
  const changed = new Set(b.map(({ id }) => id));
  return [...a.filter(({ id }) => !changed.has(id)), ...b];
}
