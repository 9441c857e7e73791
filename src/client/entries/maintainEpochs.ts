import { steadyMs } from "../../clock/steadyMs.ts";
import { closeEpoch, forgetMessageKeys, hasMessageKeys } from "../../mls/closeEpoch.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { isInTime } from "../../reconciler/entries/judgeAppeal.ts";
import type { EntryRecord, HeadId } from "../../reconciler/records/records.ts";
import { isOver } from "../../reconciler/view/isOver.ts";
import { type EntryId, toHex } from "../../wire/ids.ts";
import { type KeptEpoch, listEpochs, readEpoch, type StoredEpoch } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isQuiet, quietMs } from "../group/manyGroups.ts";
import { leastMs } from "../nodes/chainTime.ts";

/** Keys outlive the limits of lateness by this much: a late message takes its time to come here. */
const KEPT_LONGER_MS = 3600 * 1000;
const MAX_KEPT_MS = 24 * 3600 * 1000;
const MAX_KEPT_EPOCHS = 64;
/**
 * Keys stay for at least this long, however many commits have come: a client that catches up reads each epoch's
 * messages before its keys go.
 */
const CATCH_UP_MS = 10 * 60 * 1000;
const LOOK_EVERY_BLOCKS = 16;

/** By how many of its rests (see `quietMs`) a client with many groups waits longer before it looks at a quiet one. */
const RESTS = 30;

/**
 * Forgets what no reorganization can need any more: of an epoch whose end is final only message keys stay, and those go
 * when nothing that is in time can come. The states of staged entries that lost, of a dead branch and of an earlier
 * membership go, too. Call it from within the group's queue.
 */
export async function maintainEpochs(params: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "groups">;
  group: Group;
}): Promise<void> {
  const { core, group } = params;
  // What one node alone has told must take no key away.
  if (group.view.provisional.length > 0) return;
  const { number } = group.processed;
  const isDue = number >= (group.epochsSeenToBlock ?? -LOOK_EVERY_BLOCKS) + LOOK_EVERY_BLOCKS;
  const isEnd = isOver({ group, finalityBlocks: core.finalityBlocks });
  if ((!isDue && !isEnd) || isResting({ core, group })) return;
  group.epochsSeenToBlock = number;
  const nowMs = group.agreed.time * 1000;
  await (isEnd ? forgetGroup({ core, group, nowMs }) : forgetEpochs({ core, group, nowMs }));
}

/** True while a group is passed over; groups begin to rest at different times. */
function isResting({ core, group }: { core: CoreParts<"groups">; group: Group }): boolean {
  const restMs = RESTS * quietMs(core);
  if (restMs === 0 || !isQuiet(group)) return false;
  const untilMs = group.epochsRestUntilMs ?? steadyMs() + Math.random() * restMs;
  const isOver = untilMs <= steadyMs();
  group.epochsRestUntilMs = isOver ? steadyMs() + restMs : untilMs;
  return !isOver;
}

/** Does at once what `maintainEpochs` does, as of a time of the chain, milliseconds since 1970. */
export async function forgetEpochs(params: {
  core: ChangingCore & CoreParts<"finalityBlocks">;
  group: Group;
  nowMs: number;
}): Promise<void> {
  const { core, group, nowMs } = params;
  const finalBlock = group.agreed.number - core.finalityBlocks;
  const epochs = await listEpochs({ database: core.database, group: group.id });
  const decided = await decidedEntries({ core, group, finalBlock });
  const over = epochs.filter((kept) => isFinallyOver({ group, kept, finalBlock, ...decided }));
  const closed = over.filter(({ closedAtMs }) => closedAtMs > 0);
  const lapsed = await expired({ core, group, closed, nowMs });
  const dropped = [
    ...over.filter(({ head }) => !group.view.branch.places.has(head)),
    ...lapsed.filter(({ head }) => group.view.staged.get(head as EntryId)?.welcome === undefined),
  ];
  const toClose = over.filter((one) => one.closedAtMs === 0 && !dropped.includes(one));
  const droppedStaged = lostEntries({
    group,
    kept: epochs.filter((one) => !dropped.includes(one)),
    finalBlock,
    ...decided,
  });
  if (dropped.length + toClose.length + droppedStaged.length + decided.over.length === 0) return;
  await changeGroup({
    core,
    group,
    change: {
      epochs: await closeAll({ core, group, heads: toClose.map(({ head }) => head), nowMs }),
      droppedEpochs: dropped.map(({ head }) => head),
      droppedStaged,
      writes: [
        ...orphanedTrees({ epochs, dropped }).map((hash) => tables.tree.del({ group: group.id, hash })),
        ...decided.over.map((entry) => tables.voidable.del({ group: group.id, entry })),
      ],
    },
  });
}

/**
 * Forgets a group that is over for this client, in which nothing can come: no key stays, only who was in it at last.
 */
async function forgetGroup(params: { core: ChangingCore; group: Group; nowMs: number }): Promise<void> {
  const { core, group, nowMs } = params;
  const { head } = group.view.record;
  const place = { database: core.database, group: group.id };
  const epochs = await listEpochs(place);
  const dropped = epochs.filter((one) => one.head !== head);
  const last = await readEpoch({ ...place, cache: group.epochs, head });
  const isForgotten = !last || (last.kind === "closed" && !hasMessageKeys(last.state));
  if (dropped.length === 0 && isForgotten) return;
  // Zero stands for an epoch that is open.
  const closedAtMs = Math.max(1, nowMs);
  const state = last && forgetMessageKeys(closeEpoch(last.state));
  await changeGroup({
    core,
    group,
    change: {
      epochs: state ? [{ head, epoch: { kind: "closed", state, closedAtMs }, isNew: false }] : [],
      droppedEpochs: dropped.map((one) => one.head),
      droppedStaged: [...group.view.staged.keys()],
      writes: orphanedTrees({ epochs, dropped }).map((hash) => tables.tree.del({ group: group.id, hash })),
    },
  });
}

/**
 * True if the entry that ended or replaced an epoch is adopted and beyond reach of reorganizations and of what voids
 * it.
 */
function isFinallyOver(params: {
  group: Group;
  kept: KeptEpoch;
  finalBlock: number;
  voidable: ReadonlySet<EntryId>;
}): boolean {
  const { group, kept, finalBlock, voidable } = params;
  const { branch, entries } = group.view;
  const verdict = entries.get(kept.head)?.verdict;
  if (verdict?.kind === "void") return isFinal(entries.get(verdict.by), finalBlock);
  const endEpoch = branch.places.has(kept.head) ? kept.epoch + 1 : kept.epoch;
  const end = branch.steps.find(({ epoch, entry }) => epoch >= endEpoch && entry !== undefined)?.entry;
  return end !== undefined && isFinal(end, finalBlock) && !voidable.has(end.id);
}

/**
 * Lists own entries for which nothing is to be done any more: what they stood on is gone, another entry has their
 * place for good, or they have it and their Welcomes are written. A client that was offline or waited for a witness
 * writes those late.
 */
function lostEntries(params: {
  group: Group;
  kept: readonly KeptEpoch[];
  finalBlock: number;
  voidable: ReadonlySet<EntryId>;
}): EntryId[] {
  const { group, kept, finalBlock, voidable } = params;
  const { branch, staged } = group.view;
  const heads = new Set(kept.map(({ head }) => head));
  return [...staged].flatMap(([id, { parent, welcome }]) => {
    const place = branch.places.get(parent);
    if (place === undefined) return heads.has(parent) ? [] : [id];
    const successor = branch.steps[place + 1]?.entry;
    if (successor?.id === id && welcome !== undefined && heads.has(id)) return [];
    return successor && isFinal(successor, finalBlock) && !voidable.has(successor.id) ? [id] : [];
  });
}

function isFinal(entry: EntryRecord | undefined, finalBlock: number): boolean {
  return entry !== undefined && entry.block.number <= finalBlock;
}

/**
 * Finds the commits that requests and evidence may still void, and those for which that is over and can't come back.
 */
async function decidedEntries(params: { core: CoreParts<"database">; group: Group; finalBlock: number }) {
  const { core, group, finalBlock } = params;
  const voidable = new Set<EntryId>();
  const over: EntryId[] = [];
  for await (const { fields } of tables.voidable.rows(core.database, { under: { group: group.id } })) {
    const entry = toHex(fields.entry) as EntryId;
    const known = group.view.entries.get(entry);
    if (known && isInTime({ contested: known, block: finalBlock })) voidable.add(entry);
    else over.push(entry);
  }
  return { voidable, over };
}

/** Lists the closed epochs whose keys have had their time. */
async function expired(params: {
  core: CoreParts<"database" | "links">;
  group: Group;
  closed: readonly KeptEpoch[];
  nowMs: number;
}): Promise<KeptEpoch[]> {
  const { core, group, closed, nowMs } = params;
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const head = await readEpoch({ ...place, head: group.view.record.head });
  const lateMs = head ? viewOf(head.state).context.lateSeconds * 1000 : MAX_KEPT_MS;
  const lateCommits = head ? viewOf(head.state).context.lateCommits : MAX_KEPT_EPOCHS;
  const newest = group.view.branch.steps.length - 1;
  const latestMs = Math.max(nowMs, leastMs(core.links));
  return closed.filter(({ head: id, closedAtMs }) => {
    const commits = newest - (group.view.branch.places.get(id) ?? newest);
    const ageMs = nowMs - closedAtMs;
    // An epoch that was closed so much later than now was closed by a clock that was ahead: nobody can say how long
    // ago.
    if (ageMs > MAX_KEPT_MS || closedAtMs > latestMs + MAX_KEPT_MS) return true;
    if (commits > MAX_KEPT_EPOCHS) return ageMs > CATCH_UP_MS;
    return commits > lateCommits && ageMs > lateMs + KEPT_LONGER_MS;
  });
}

async function closeAll(params: {
  core: CoreParts<"database">;
  group: Group;
  heads: readonly HeadId[];
  nowMs: number;
}) {
  const { core, group, heads, nowMs } = params;
  const closed: { head: HeadId; epoch: StoredEpoch; isNew: boolean }[] = [];
  for (const head of heads) {
    const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
    if (epoch?.kind !== "open") continue;
    const state = closeEpoch(epoch.state);
    closed.push({ head, epoch: { kind: "closed", state, closedAtMs: Math.max(1, nowMs) }, isNew: false });
  }
  return closed;
}

function orphanedTrees(params: { epochs: readonly KeptEpoch[]; dropped: readonly KeptEpoch[] }) {
  const { epochs, dropped } = params;
  const kept = new Set(epochs.filter((one) => !dropped.includes(one)).map(({ tree }) => tree));
  return dropped.map(({ tree }) => tree).filter((tree) => !kept.has(tree));
}
