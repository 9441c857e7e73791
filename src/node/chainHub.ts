import { setTimeout as delay } from "node:timers/promises";
import type { BlockRef } from "../wire/blockRef.ts";
import type { GroupId } from "../wire/ids.ts";

/** Tells the followers of the chain what changed in this node's index: names, never contents. */
export type ChainHub = {
  readonly watches: Set<ChainWatch>;
  /** The index's head when it last told. */
  head: BlockRef | undefined;
};

/**
 * One follower's watch. Open it before the follower's first read, so that no change falls between. Disposing ends it.
 */
export type ChainWatch = Disposable & {
  readonly groups: ReadonlySet<GroupId>;
  /** Groups with something to read. */
  readonly changed: Set<GroupId>;
  /** The lowest block that the index went back to since this was last taken. */
  rolledBackTo: BlockRef | undefined;
  /** There is a newer head. */
  moved: boolean;
  wake: () => void;
};

export function openChainHub(head: BlockRef | undefined): ChainHub {
  return { watches: new Set(), head };
}

export function watchChain(params: { hub: ChainHub; groups: readonly GroupId[] }): ChainWatch {
  const { hub } = params;
  const groups = new Set(params.groups);
  const watch: ChainWatch = {
    groups,
    changed: new Set(groups),
    rolledBackTo: undefined,
    moved: true,
    wake: () => undefined,
    [Symbol.dispose]: () => void hub.watches.delete(watch),
  };
  hub.watches.add(watch);
  return watch;
}

/** Tells the watches that the index has read a page with entries of these groups. */
export function tellPage(params: { hub: ChainHub; head: BlockRef; groups: ReadonlySet<GroupId> }): void {
  const { hub, head, groups } = params;
  hub.head = head;
  for (const watch of hub.watches) {
    for (const group of groups) if (watch.groups.has(group)) watch.changed.add(group);
    watch.moved = true;
    watch.wake();
  }
}

/** Tells the watches that the index went back to a block. Call it before anything of the new branch is stored. */
export function tellRollback(params: { hub: ChainHub; to: BlockRef }): void {
  const { hub, to } = params;
  hub.head = to;
  for (const watch of hub.watches) {
    const { rolledBackTo } = watch;
    watch.rolledBackTo = rolledBackTo !== undefined && rolledBackTo.number < to.number ? rolledBackTo : to;
    for (const group of watch.groups) watch.changed.add(group);
    watch.wake();
  }
}

/** Wakes a watch for a reason that does not come from the chain. */
export function stir(watch: ChainWatch): void {
  watch.moved = true;
  watch.wake();
}

/** Wakes all watches. */
export function stirAll({ watches }: ChainHub): void {
  for (const watch of watches) stir(watch);
}

/** Resolves when the watch was told something, after `ms`, or when the signal aborts. */
export async function nextChange(params: {
  watch: ChainWatch;
  ms: number;
  signal: AbortSignal;
}): Promise<void> {
  const { watch, ms, signal } = params;
  if (watch.changed.size > 0 || watch.rolledBackTo !== undefined || watch.moved || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      watch.wake = () => undefined;
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    watch.wake = done;
  });
}

/**
 * Yields at once, then after every change of the chain, and after `ms` milliseconds without one. Changes within
 * `restMs` after a change count as one with it. Ends when the signal aborts.
 */
export async function* everyChange(params: {
  hub: ChainHub;
  ms: number;
  restMs?: number;
  signal: AbortSignal;
}): AsyncGenerator<void> {
  const { hub, ms, restMs = 0, signal } = params;
  using watch = watchChain({ hub, groups: [] });
  while (!signal.aborted) {
    watch.moved = false;
    watch.rolledBackTo = undefined;
    yield;
    await nextChange({ watch, ms, signal });
    if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined);
  }
}
