import { createSerialQueue, type SerialQueue } from "../../clock/serialQueue.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { WeftError } from "../../errors.ts";
import type { ChainEvent, NodeApi } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { EntryPage } from "../../wire/chainEntry.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import { forgetReading, type RegistryReading } from "../asking/askRegistry.ts";
import { agreeOnHead, isHeadDue } from "../entries/agreeOnHead.ts";
import { chainPosition } from "../entries/chainPosition.ts";
import { type EntryReader, type PageOutcome, readOn, receivePage } from "../entries/receivePage.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isQuiet, quietMs } from "../group/manyGroups.ts";
import { isAsRead, markRead } from "../group/markRead.ts";
import { noteUnshared } from "../nodes/nodeLinks.ts";
import { agreeOnRollback, lowerRollback, type ToldRollback } from "./agreeOnRollback.ts";
import { reachHead } from "./reachHead.ts";

type Params = {
  core: ClientCore;
  node: NodeId;
  api: NodeApi;
  groups: readonly GroupId[];
  signal: AbortSignal;
  /** Called whenever all groups are read up to the newest head. */
  onCaughtUp: () => void;
};

/**
 * One group's way through a feed: its pages and heads are handled in order, and no other group waits for its witness.
 */
type Lane = {
  readonly group: Group;
  readonly queue: SerialQueue;
  /** The newest head that the node told of. */
  head: BlockRef | undefined;
  /** True if what was read last could not be taken in: everything after what is known is read anew. */
  isBehind: boolean;
  /** Since when this lane waits for witnesses that have not got that far, ms since 1970. */
  waitsSinceMs: number | undefined;
  isReaching: boolean;
  isWaiting: boolean;
  hasReached: boolean;
  /** Until when heads are passed over while nothing is to be done in the group, ms since 1970. */
  restsUntilMs: number;
};

type Feed = Params & {
  readonly reading: RegistryReading;
  readonly lanes: ReadonlyMap<GroupId, Lane>;
  readonly fail: (error: unknown) => void;
  head: BlockRef | undefined;
  rollback: ToldRollback | undefined;
  isSettling: boolean;
  /** How many lanes have not reached a head yet. */
  unread: number;
};

/** How long until what was not taken in is read anew, and how long if nobody knows who is right. */
const READ_ANEW_MS = 100;
const READ_UNDECIDED_MS = 5_000;
/** A node that tells for longer of blocks which nobody else has is left. */
const PATIENCE_MS = 15_000;

/** Reads the chain's entries of these groups by way of one node, past and live alike. Ends by throwing. */
export async function followGroups(params: Params): Promise<void> {
  const { core, api, groups } = params;
  if (groups.length === 0) return;
  const ending = new AbortController();
  const signal = AbortSignal.any([params.signal, ending.signal]);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const reading: RegistryReading = { inboxes: new Map() };
  const lanes = new Map(groups.flatMap((id) => openLane(core, id)));
  const fail = (error: unknown): void => {
    failure.reject(error);
    ending.abort();
  };
  const feed: Feed = {
    ...params,
    signal,
    reading,
    lanes,
    fail,
    head: undefined,
    rollback: undefined,
    isSettling: false,
    unread: lanes.size,
  };
  try {
    const positions = await Promise.all(groups.map((group) => chainPosition(core, group)));
    for await (const event of api.followChain({ groups: positions }, { signal })) await receive(feed, event);
  } catch (error) {
    if (params.signal.aborted || !signal.aborted) throw error;
    await failure.promise;
  } finally {
    ending.abort();
    await Promise.all([...lanes.values()].map(({ queue }) => queue.idle()));
    for (const { group } of lanes.values()) if (group.told?.node === params.node) group.told = undefined;
  }
}

function openLane(core: CoreParts<"groups">, id: GroupId): [GroupId, Lane][] {
  const group = core.groups.get(id);
  if (!group) return [];
  const state = { head: undefined, waitsSinceMs: undefined };
  // What another node alone has told, this one has to tell as well.
  const flags = {
    isBehind: group.view.provisional.length > 0,
    isReaching: false,
    isWaiting: false,
    hasReached: false,
    restsUntilMs: 0,
  };
  return [[id, { group, queue: createSerialQueue(), ...state, ...flags }]];
}

async function receive(feed: Feed, event: ChainEvent): Promise<void> {
  const { core, reading, lanes } = feed;
  switch (event.kind) {
    case "started":
      return;
    case "entries": {
      const lane = lanes.get(event.group);
      // No more than one page of a group is kept waiting.
      await lane?.queue.idle();
      if (lane) lane.restsUntilMs = 0;
      if (lane) inLane(feed, lane, () => takePage(feed, lane, event));
      return;
    }
    case "rollback":
      forgetReading({ reading, afterBlock: event.to.number });
      core.identityWakeup.wake();
      feed.rollback = lowerRollback(feed.rollback, { to: event.to, told: feed.head });
      for (const lane of lanes.values()) if (hasAfter(lane.group, event.to)) lane.isBehind = true;
      return;
    case "head":
      feed.head = event.head;
      for (const lane of lanes.values()) {
        noteTold(feed, lane.group, event.head);
        if (isResting(lane)) noteMoved(lane.group);
        else reach(feed, lane, event.head);
      }
      settleRollback(feed, event.head);
  }
}

function noteTold({ node }: Feed, group: Group, head: BlockRef): void {
  const { told } = group;
  const isSame = told?.node === node && told.head.number === head.number;
  group.told = { node, head, movedAtMs: isSame ? told.movedAtMs : steadyMs() };
}

/**
 * True while a lane passes over heads: most of them change nothing for a group in which nothing is to be done, and a
 * client with many groups looks at each now and then.
 */
function isResting({ group, isBehind, hasReached, restsUntilMs }: Lane): boolean {
  return hasReached && !isBehind && restsUntilMs > steadyMs() && isQuiet(group);
}

/** Notes that the chain moves, for a group that passes over its heads. */
function noteMoved(group: Group): void {
  if (group.told) group.headMovedAtMs = Math.max(group.headMovedAtMs, group.told.movedAtMs);
}

/** Runs a step in a lane; an error in it ends the feed. */
function inLane({ signal, fail }: Feed, { queue }: Lane, step: () => Promise<void>): void {
  void queue.run(async () => {
    if (!signal.aborted) await step().catch(fail);
  });
}

function hasAfter({ view }: Group, { number }: BlockRef): boolean {
  return [...view.entries.values()].some(({ block }) => block.number > number);
}

/** Takes in a page, unless the lane is behind: that reads anew with the next head. */
async function takePage(feed: Feed, lane: Lane, page: EntryPage): Promise<void> {
  if (!lane.isBehind) note(feed, lane, await receivePage({ ...readerOf(feed, lane), page }));
}

function readerOf({ core, node, api, reading, signal }: Feed, { group }: Lane): EntryReader {
  return { core, node, api, reading, signal, group };
}

/** Notes what became of a page. Throws an error that makes the client leave the node. */
function note(feed: Feed, lane: Lane, outcome: PageOutcome): void {
  lane.isBehind = outcome !== "read";
  if (outcome === "contradicted") {
    throw new WeftError({ code: "malformed", message: `the node ${feed.node} tells of another chain` });
  }
  lane.waitsSinceMs = outcome === "later" ? (lane.waitsSinceMs ?? steadyMs()) : undefined;
  if (outcome === "read" || outcome === "again") return;
  if (lane.waitsSinceMs !== undefined && lane.waitsSinceMs + PATIENCE_MS < steadyMs()) {
    noteUnshared(feed.core.links, feed.node, steadyMs());
    throw new WeftError({ code: "not-ready", message: `nobody else has the blocks of ${feed.node}` });
  }
  void readAnew(feed, lane, outcome === "undecided" ? READ_UNDECIDED_MS : READ_ANEW_MS);
}

async function readAnew(feed: Feed, lane: Lane, ms: number): Promise<void> {
  if (lane.isWaiting) return;
  lane.isWaiting = true;
  await waitMs({ ms, signal: feed.signal });
  lane.isWaiting = false;
  if (lane.head) reach(feed, lane, lane.head);
}

/** Has a lane reach a head: once for all heads that come while the lane is busy. */
function reach(feed: Feed, lane: Lane, head: BlockRef): void {
  lane.head = head;
  if (lane.isReaching) return;
  lane.isReaching = true;
  inLane(feed, lane, async () => {
    lane.isReaching = false;
    await reachInLane(feed, lane);
    lane.restsUntilMs = steadyMs() + quietMs(feed.core);
    noteReached(feed, lane);
  });
}

function noteReached(feed: Feed, lane: Lane): void {
  if (!lane.hasReached) feed.unread--;
  lane.hasReached = true;
  if (feed.unread === 0) feed.onCaughtUp();
}

async function reachInLane(feed: Feed, lane: Lane): Promise<void> {
  const { core, node, signal } = feed;
  const { group } = lane;
  const outcome = lane.isBehind ? await readOn(readerOf(feed, lane)) : "read";
  const { head } = lane;
  if (lane.isBehind) note(feed, lane, outcome);
  if (!head || outcome === "later" || outcome === "stale") return;
  if (group.caughtUpBy !== node) beServed(group, node);
  if (group.processed.number !== head.number) group.headMovedAtMs = steadyMs();
  group.processed = head;
  if (outcome === "read") markRead({ group, node });
  // A client with many groups does not wait for the witness of one before it reads on in others.
  if (quietMs(core) > 0) noteReached(feed, lane);
  if (outcome === "read" && isAsRead(group) && isHeadDue({ core, group })) {
    const source = readerOf(feed, lane);
    const { kind } = await agreeOnHead({ core, group, node, head, source, readsOn: true, signal });
    if (kind === "contradicted") return note(feed, lane, kind);
    if (kind === "again") return await readBack(feed, lane);
  }
  const isBack = await group.queue.run(() => reachHead({ core, group }));
  if (isBack) await readBack(feed, lane);
}

/** Reads again the entries that were dropped. */
async function readBack(feed: Feed, lane: Lane): Promise<void> {
  const outcome = await readOn(readerOf(feed, lane));
  note(feed, lane, outcome);
  if (outcome === "read") markRead({ group: lane.group, node: feed.node });
}

function beServed(group: Group, node: NodeId): void {
  group.caughtUpBy = node;
  group.servedSinceMs = steadyMs();
  group.servingWakeup.wake();
}

function settleRollback(feed: Feed, head: BlockRef): void {
  const { rollback, fail } = feed;
  if (!rollback || feed.isSettling) return;
  feed.isSettling = true;
  const settle = async (): Promise<void> => {
    const outcome = await agreeOnRollback({ ...feed, rollback, head });
    if (outcome === "settled" && feed.rollback === rollback) feed.rollback = undefined;
    feed.isSettling = false;
  };
  void settle().catch(fail);
}
