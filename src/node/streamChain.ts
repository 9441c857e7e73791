import { WeftError } from "../errors.ts";
import { MAX_PAGE_BYTES, STREAM_HEARTBEAT_MS } from "../rpc/limits.ts";
import type { ChainEvent, GroupPosition, Meter } from "../rpc/nodeApi.ts";
import type { Entry, EntryCursor } from "../wire/chainEntry.ts";
import type { GroupId } from "../wire/ids.ts";
import { type ChainHub, type ChainWatch, nextChange, watchChain } from "./chainHub.ts";
import type { ReadEntries } from "./entryShelf.ts";
import { requireNothing } from "./readiness.ts";

/** How many cursors are kept of a group, to go on from after a reorganization. */
const CURSORS_KEPT = 32;
/** Bytes of memory that a group that is followed takes, and each of its cursors. */
const GROUP_BYTES = 512;
const CURSOR_BYTES = 192;

type Follower = {
  readonly read: ReadEntries;
  readonly watch: ChainWatch;
  /** Newest first. */
  readonly cursors: Map<GroupId, readonly EntryCursor[]>;
  readonly meter: Meter;
};

/**
 * Streams the entries of some groups, past and live alike: pages, rollbacks, and the head whenever all groups are read
 * up to it, at least every STREAM_HEARTBEAT_MS. Ends by throwing `not-ready` when the signal aborts, or once this node
 * is behind the others.
 */
export async function* streamChain(params: {
  read: ReadEntries;
  hub: ChainHub;
  groups: readonly GroupPosition[];
  /** Says why clients should not read by this node; undefined: nothing. */
  chainLag: () => string | undefined;
  meter: Meter;
  signal: AbortSignal;
}): AsyncGenerator<ChainEvent, never> {
  const { read, hub, groups, chainLag, meter, signal } = params;
  using watch = watchChain({ hub, groups: groups.map(({ group }) => group) });
  const cursors = new Map(groups.map(({ group, recent }) => [group, recent.slice(0, CURSORS_KEPT)]));
  meter.keep(bytesOf(cursors));
  yield { kind: "started" };
  while (!signal.aborted) {
    requireNothing(chainLag());
    yield* readChanged({ read, watch, cursors, meter });
    meter.keep(bytesOf(cursors));
    if (watch.changed.size > 0 || watch.rolledBackTo !== undefined) continue;
    watch.moved = false;
    if (hub.head !== undefined) yield { kind: "head", head: hub.head };
    await nextChange({ watch, ms: STREAM_HEARTBEAT_MS, signal });
  }
  throw new WeftError({ code: "not-ready", message: "the stream was ended" });
}

/** Yields what changed until nothing is left. */
async function* readChanged(follower: Follower): AsyncGenerator<ChainEvent> {
  const { read, watch, cursors, meter } = follower;
  for (;;) {
    const { rolledBackTo } = watch;
    if (rolledBackTo !== undefined) {
      watch.rolledBackTo = undefined;
      for (const [group, recent] of cursors) {
        cursors.set(
          group,
          recent.filter(({ block }) => block <= rolledBackTo.number),
        );
      }
      yield { kind: "rollback", to: rolledBackTo };
    }
    const [group] = watch.changed;
    if (group === undefined) return;
    watch.changed.delete(group);
    const recent = cursors.get(group) ?? [];
    const page = await meter.turn(() => read({ group, recent, maxBytes: MAX_PAGE_BYTES }));
    // What was read may be of the new branch: the rollback is told first, then the group is read again.
    if (watch.rolledBackTo !== undefined) continue;
    if (page.more) watch.changed.add(group);
    const { from, entries, more, head } = page;
    const known = from === undefined ? [] : recent.slice(recent.indexOf(from));
    cursors.set(group, [...entries.map(cursorOf).toReversed(), ...known].slice(0, CURSORS_KEPT));
    if (entries.length > 0 || from !== recent[0]) yield { kind: "entries", group, from, entries, more, head };
  }
}

function bytesOf(cursors: ReadonlyMap<GroupId, readonly EntryCursor[]>): number {
  let bytes = 0;
  for (const { length } of cursors.values()) bytes += GROUP_BYTES + length * CURSOR_BYTES;
  return bytes;
}

function cursorOf({ block, logIndex }: Entry): EntryCursor {
  return { block: block.number, logIndex, blockHash: block.hash };
}
