import type { ChainEvent, ChainHead, Entry, EntryCursor, GroupPosition, NodeApi } from "../../rpc/nodeApi.ts";
import { valuesOf } from "../../store/client/table.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { judgeAwaited } from "../coverage/judgeAwaited.ts";
import { forgetCoverage } from "../coverage/knownCoverage.ts";
import { forgetInboxes, type RegistryReading, type RegistrySource } from "../entries/askRegistry.ts";
import { compareDead } from "../entries/compareDead.ts";
import { compareEntries } from "../entries/compareEntries.ts";
import { giveUpFork } from "../entries/giveUpFork.ts";
import { receiveEntries } from "../entries/receiveEntries.ts";
import { returnToFormer } from "../entries/returnToFormer.ts";
import { rollBackGroup } from "../entries/rollBackGroup.ts";
import type { Group } from "../groups/group.ts";
import { maintainEpochs } from "../groups/maintainEpochs.ts";
import { releaseHeld } from "../messages/releaseHeld.ts";
import { type EntryRecord, tables } from "../tables.ts";

/** More than a reorganization can take away; an older one is final. */
const RECENT_ENTRIES = 32;

type Params = {
  core: ClientCore;
  node: NodeId;
  api: NodeApi;
  groups: readonly GroupId[];
  signal: AbortSignal;
  /** All groups are read to the chain's end. */
  onCaughtUp: () => void;
};

/** Reads the chain's entries of these groups by way of one node, history and live in one. Ends by throwing. */
export async function followGroups(params: Params): Promise<void> {
  const { core, api, groups, signal } = params;
  if (groups.length === 0) return;
  const reading: RegistryReading = { inboxes: new Map() };
  const positions = await Promise.all(groups.map((group) => chainPosition(core, group)));
  for await (const event of api.followChain({ groups: positions }, { signal })) {
    await receive({ ...params, reading, event });
  }
}

async function receive(params: Params & { reading: RegistryReading; event: ChainEvent }): Promise<void> {
  const { core, groups, reading, event } = params;
  switch (event.kind) {
    case "started":
      return;
    case "entries": {
      const group = core.groups.get(event.group);
      if (!group) return;
      await group.queue.run(() => receiveEntryPage({ ...params, ...event, group }));
      return;
    }
    case "rollback":
      await forgetInboxes({ core, reading, afterBlock: event.to.number });
      await forgetCoverage({ core, afterBlock: event.to.number });
      core.identityWakeup.wake();
      await eachGroup(params, groups, async (group) => {
        const voids = ({ block }: EntryRecord) => block.number > event.to.number;
        const from = { block: { number: event.to.number + 1 }, logIndex: 0 };
        if (await rollBackGroup({ core, group, voids, from })) await readAgain({ ...params, group });
      });
      await eachGroup(params, [...core.groups.keys()], (group) => judgeAwaited({ core, group }));
      return;
    case "head":
      await eachGroup(params, groups, async (group) => {
        if (group.caughtUpBy !== params.node) beServed(group, params.node);
        if (await reachHead({ core, group, head: event.head })) await readAgain({ ...params, group });
      });
      params.onCaughtUp();
  }
}

type EntryReader = RegistrySource & { group: Group; api: Pick<NodeApi, "fetchEntries"> };

function beServed(group: Group, node: NodeId): void {
  group.caughtUpBy = node;
  group.servedSinceMs = Date.now();
  group.servingWakeup.wake();
}

/** A page of entries: all that the node has, or as many as fit, behind the place that it starts from. */
export async function receiveEntryPage(
  params: EntryReader & { from: EntryCursor | undefined; entries: readonly Entry[] },
): Promise<void> {
  if (await voidAfter(params)) await readAgain(params);
  else await receiveEntries(params);
}

/** All that the node has after what is known. */
async function readAgain(params: EntryReader): Promise<void> {
  const { core, group, api, signal } = params;
  for (;;) {
    const page = await api.fetchEntries(await chainPosition(core, group.id), { signal });
    await receiveEntryPage({ ...params, ...page });
    if (!page.more) return;
  }
}

async function eachGroup(
  { core }: Params,
  groups: readonly GroupId[],
  step: (group: Group) => Promise<void>,
): Promise<void> {
  for (const id of groups) {
    const group = core.groups.get(id);
    if (group) await group.queue.run(() => step(group));
  }
}

/** All entries up to here are read. True if that has shown that some have to be read again: see `returnToFormer`. */
export async function reachHead(params: {
  core: ClientCore;
  group: Group;
  head: ChainHead;
}): Promise<boolean> {
  const { core, group, head } = params;
  if (group.processed.number !== head.number) group.headMovedAtMs = Date.now();
  group.processed = head;
  await giveUpFork({ core, group });
  const isBack = await returnToFormer({ core, group });
  await releaseHeld({ core, group });
  await maintainEpochs({ core, group });
  group.outboxWakeup.wake();
  group.deliveryWakeup.wake();
  group.upkeepWakeup.wake();
  group.rotationWakeup.wake();
  return isBack;
}

export async function chainPosition(core: ClientCore, group: GroupId): Promise<GroupPosition> {
  const rows = tables.entryByPlace.rows(core.database, {
    under: { group },
    reverse: true,
    limit: RECENT_ENTRIES,
  });
  const ids = await valuesOf(rows);
  const view = core.groups.get(group)?.view;
  const kept = ids.flatMap((id) => view?.entries.get(id) ?? []);
  const read = [...kept, ...[...(view?.dead.values() ?? [])].flat()].sort((a, b) => compareEntries(b, a));
  const recent = read
    .slice(0, RECENT_ENTRIES)
    .map(({ block, logIndex }): EntryCursor => ({ block: block.number, logIndex, blockHash: block.hash }));
  return { group, recent };
}

/**
 * What the node does not have behind the cursor that it knows was on a fork that is gone; what the page brings once more
 * was read in another way meanwhile. True if more had to go: see `rollBackGroup`.
 */
async function voidAfter(params: {
  core: ClientCore;
  group: Group;
  reading: RegistryReading;
  from: EntryCursor | undefined;
  entries: readonly Entry[];
}): Promise<boolean> {
  const { core, group, reading, from, entries } = params;
  const behind = [...group.view.entries.values()].filter(
    (entry) => from === undefined || compareEntries(entry, placeOf(from)) > 0,
  );
  const { kept, differsFrom } = compareDead({ view: group.view, from: from && placeOf(from), entries });
  const first = behind.findIndex((entry, i) => !isSame(entry, kept[i]));
  if (first < 0 && !differsFrom) return false;
  await forgetInboxes({ core, reading, afterBlock: from?.block ?? 0 });
  const lost = new Set(first < 0 ? [] : behind.slice(first));
  const isMore = await rollBackGroup({ core, group, voids: (entry) => lost.has(entry), from: differsFrom });
  return isMore || (from && differsFrom ? compareEntries(differsFrom, placeOf(from)) <= 0 : false);
}

/** In the same place on the same chain. */
function isSame(known: EntryRecord, { id, block, logIndex }: Partial<Entry> = {}): boolean {
  return known.id === id && known.block.hash === block?.hash && known.logIndex === logIndex;
}

function placeOf({ block: number, logIndex }: EntryCursor) {
  return { block: { number }, logIndex };
}
