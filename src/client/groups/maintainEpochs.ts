import { closeEpoch } from "../../mls/closeEpoch.ts";
import { type EntryId, toHex } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { isInTime } from "../entries/judgeAppeal.ts";
import { type EntryRecord, type HeadId, tables } from "../tables.ts";
import { changeGroup } from "./changeGroup.ts";
import { type KeptEpoch, listEpochs, readEpoch, type StoredEpoch } from "./epochStates.ts";
import { viewOf } from "./epochView.ts";
import type { Group } from "./group.ts";

/** Keys outlive the limits of lateness by this much: a late message takes its time to come here. */
const KEPT_LONGER_MS = 3600 * 1000;
const MAX_KEPT_MS = 24 * 3600 * 1000;
const MAX_KEPT_EPOCHS = 64;
/** Whoever catches up reads each epoch's messages before its keys go. */
const CATCH_UP_MS = 10 * 60 * 1000;
const LOOK_EVERY_BLOCKS = 16;

const lastLookedAt = new WeakMap<Group, number>();

/**
 * Forgets what no reorganization can need any more: of an epoch whose end is final only message keys stay, and those
 * go when nothing that is in time can come. States that were staged and lost go, too. From within the group's queue.
 */
export async function maintainEpochs(params: { core: ClientCore; group: Group }): Promise<void> {
  const { core, group } = params;
  const { number } = group.processed;
  if (number < (lastLookedAt.get(group) ?? -LOOK_EVERY_BLOCKS) + LOOK_EVERY_BLOCKS) return;
  lastLookedAt.set(group, number);
  const finalBlock = number - core.finalityBlocks;
  const epochs = await listEpochs({ database: core.database, group: group.id });
  const decided = await decidedEntries({ core, group, finalBlock });
  const isOver = ({ head }: { head: HeadId }) => isFinallyOver({ group, head, finalBlock, ...decided });
  const over = epochs.filter(isOver);
  const dropped = [
    ...over.filter(({ head }) => !group.view.branch.places.has(head)),
    ...expired({ group, closed: over.filter((one) => one.closedAtMs > 0) }),
  ];
  const toClose = over.filter((one) => one.closedAtMs === 0 && !dropped.includes(one));
  const droppedStaged = [...group.view.staged.keys()].filter((head) => isOver({ head }));
  if (dropped.length + toClose.length + droppedStaged.length + decided.over.length === 0) return;
  await changeGroup({
    core,
    group,
    change: {
      epochs: await closeAll({ core, group, heads: toClose.map(({ head }) => head) }),
      droppedEpochs: dropped.map(({ head }) => head),
      droppedStaged,
      writes: [
        ...orphanedTrees({ epochs, dropped }).map((hash) => tables.tree.del({ group: group.id, hash })),
        ...decided.over.map((entry) => tables.voidable.del({ group: group.id, entry })),
      ],
    },
  });
}

/** True if the entry after this one's place, adopted here, is beyond reach of reorganizations and of what voids it. */
function isFinallyOver(params: {
  group: Group;
  head: HeadId;
  finalBlock: number;
  voidable: ReadonlySet<EntryId>;
}): boolean {
  const { group, head, finalBlock, voidable } = params;
  const { branch, staged, entries } = group.view;
  const verdict = entries.get(head)?.verdict;
  if (verdict?.kind === "void") return isFinal(entries.get(verdict.by), finalBlock);
  const place = branch.places.get(head);
  const parent = staged.get(head as EntryId)?.parent ?? entries.get(head)?.parent;
  const last = place ?? branch.places.get(parent ?? head);
  const end = last === undefined ? undefined : branch.steps[last + 1]?.entry;
  return end !== undefined && isFinal(end, finalBlock) && !voidable.has(end.id);
}

function isFinal(entry: EntryRecord | undefined, finalBlock: number): boolean {
  return entry !== undefined && entry.block.number <= finalBlock;
}

/** Commits that requests and evidence may still void, and those for which that is over and can't come back. */
async function decidedEntries(params: { core: ClientCore; group: Group; finalBlock: number }) {
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

/** Closed epochs, oldest first, whose keys have had their time. */
function expired(params: { group: Group; closed: readonly KeptEpoch[] }): KeptEpoch[] {
  const { group, closed } = params;
  const head = group.epochs.get(group.view.record.head);
  const lateMs = head ? viewOf(head.state).context.lateSeconds * 1000 : MAX_KEPT_MS;
  const lateCommits = head ? viewOf(head.state).context.lateCommits : MAX_KEPT_EPOCHS;
  const newest = group.view.branch.steps.length - 1;
  return closed.filter(({ head: id, closedAtMs }) => {
    const commits = newest - (group.view.branch.places.get(id) ?? newest);
    const ageMs = Date.now() - closedAtMs;
    if (ageMs > MAX_KEPT_MS) return true;
    if (commits > MAX_KEPT_EPOCHS) return ageMs > CATCH_UP_MS;
    return commits > lateCommits && ageMs > lateMs + KEPT_LONGER_MS;
  });
}

async function closeAll(params: { core: ClientCore; group: Group; heads: readonly HeadId[] }) {
  const { core, group, heads } = params;
  const closed: { head: HeadId; epoch: StoredEpoch; isNew: boolean }[] = [];
  for (const head of heads) {
    const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
    if (epoch?.kind !== "open") continue;
    const state = closeEpoch(epoch.state);
    closed.push({ head, epoch: { kind: "closed", state, closedAtMs: Date.now() }, isNew: false });
  }
  return closed;
}

function orphanedTrees(params: { epochs: readonly KeptEpoch[]; dropped: readonly KeptEpoch[] }) {
  const { epochs, dropped } = params;
  const kept = new Set(epochs.filter((one) => !dropped.includes(one)).map(({ tree }) => tree));
  return dropped.map(({ tree }) => tree).filter((tree) => !kept.has(tree));
}
