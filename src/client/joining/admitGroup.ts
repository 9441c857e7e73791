import type { GroupState } from "../../mls/groupState.ts";
import { treeHashOf } from "../../mls/members.ts";
import { branchOf } from "../../reconciler/branch/branch.ts";
import { namesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { failed } from "../../reconciler/records/intent.ts";
import type { EntryRecord, GroupRecord, HeadId } from "../../reconciler/records/records.ts";
import { decisiveChild } from "../../reconciler/view/decisiveChild.ts";
import { emptyGroupView } from "../../reconciler/view/viewOfGroup.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { type EntryId, type EnvelopeHash, type InboxId, toHex } from "../../wire/ids.ts";
import { groupTopic } from "../../wire/topic.ts";
import type { Welcome } from "../../wire/welcome.ts";
import { listEpochs } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { undoEntries } from "../entries/rollBackGroup.ts";
import { judgeVanished } from "../entries/settleVanished.ts";
import { addGroup } from "../group/addGroup.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import { createGroupHandle, type Group, NO_BLOCK } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { resealed } from "../messages/resealed.ts";
import { timelineWrites } from "../messages/timelineStore.ts";
import { readAnewWrites } from "../messages/topicReads.ts";
import { shownMs } from "../nodes/chainTime.ts";
import { forgetOldRequests } from "./forgetOldRequests.ts";

/**
 * Takes a joined state into the database; the group is entered when the entry that the Welcome names has been read
 * and fits. What an earlier membership knew of the chain is read anew.
 */
export async function admitGroup(params: {
  core: ChangingCore &
    CoreParts<
      | "asksConsent"
      | "consents"
      | "finalityBlocks"
      | "groups"
      | "identityWakeup"
      | "inboxes"
      | "keyPackages"
      | "online"
      | "preferences"
      | "topicSums"
    >;
  envelope: EnvelopeHash;
  welcome: Welcome;
  state: GroupState;
  /** The inbox of the member that signed the group info. */
  inviter: InboxId | undefined;
  generation: number;
}): Promise<void> {
  const { core, envelope, welcome, state, inviter, generation } = params;
  const { group: id, entry } = welcome;
  const view = viewOf(state);
  const known = core.groups.get(id);
  const request = known ? known.view.record.request : requestOf(core, inviter);
  const joining: GroupRecord = {
    group: id,
    genesisKey: undefined,
    status: "joining",
    reason: undefined,
    head: entry,
    epoch: view.epoch,
    start: { head: entry, epoch: view.epoch },
    ...namesOf(view),
    createdAtMs: shownMs(core.links),
    inviter,
    ...(request ? { request } : {}),
  };
  const group = known ?? createGroupHandle({ id, view: emptyGroupView(joining), processed: NO_BLOCK });
  const isNews = !known && joining.closed?.kind !== "own";
  const kept = core.keyPackages.get(generation);
  const used = kept && { ...kept, used: true };
  await group.queue.run(async () => {
    const record = hasJudged(group, entry) ? { ...joining, isUnheard: false } : joining;
    await leaveOwnBranch({ core, group });
    const { dead, from } = vanishedHeads(group.view.record);
    const branch = branchOf({ record, entries: new Map() });
    const vanished = await judgeVanished({ core, group, entry, dead, branch, from });
    const again = await resealed({ core, group, messages: vanished.undone, except: [] });
    const missed = missedBy({ group, until: view.epoch });
    const former = await formerLeaf({ core, group, entry, state });
    const entering: GroupChange = {
      record,
      droppedEntries: [...group.view.entries.values()],
      droppedDead: [...group.view.dead.values()].flat(),
      epochs: [{ head: entry, epoch: { kind: "open", state }, isNew: true }],
      // Messages that came before could not be told from those of a dead branch then.
      ...(known ? { topicAnew: await readAnewWrites({ core, topic: groupTopic(id) }) } : {}),
      writes: [
        tables.welcome.del({ envelope }),
        tables.entered.put({ group: id, entry }, { isLeft: false }),
        ...leftBy(group.view.record),
        ...(used ? [tables.keyPackage.put({ generation }, used)] : []),
      ],
      events: [{ kind: "group" }, ...(isNews ? [{ kind: "consent" } as const] : [])],
      sync: true,
    };
    const change = mergeChanges(again, builtAnew(group), former, vanished, missed, entering);
    await changeGroup({ core, group, change });
  });
  if (used) core.keyPackages.set(generation, used);
  addGroup(core, group);
  core.identityWakeup.wake();
  await forgetOldRequests(core);
}

/** Tells which inbox brought a new conversation; undefined if a device of this inbox did. */
function requestOf({ self }: CoreParts<"self">, inviter: InboxId | undefined): GroupRecord["request"] {
  return inviter === self.inbox ? undefined : { by: inviter };
}

/**
 * True if this client was in the group by its former leaf when the entry came, and has judged the entry as every member
 * has.
 */
function hasJudged({ view }: Group, entry: EntryId): boolean {
  return view.record.isFormer === true && view.entries.get(entry)?.verdict.kind === "adopted";
}

/** Undoes what this client alone has built on an entry that the others refuse: it counts no more, and is open again. */
async function leaveOwnBranch({
  core,
  group,
}: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes">;
  group: Group;
}): Promise<void> {
  const { record, branch } = group.view;
  const undone = branch.steps.slice(1).flatMap(({ entry }) => (entry ? [entry] : []));
  if (record.status !== "member" || undone.length === 0) return;
  const change = await undoEntries({ core, group, undone, isGone: false });
  const entries = undone.map((entry): EntryRecord => ({ ...entry, verdict: { kind: "dead" } }));
  await changeGroup({ core, group, change: { ...change, entries } });
}

/** Puts a record into the timeline of a client that was cut off, for the epochs of the group that it has not seen. */
function missedBy(params: { group: Group; until: number }): GroupChange {
  const { group, until } = params;
  const { record, children } = group.view;
  const entry = record.status === "cut-off" ? decisiveChild({ children, parent: record.head }) : undefined;
  const epoch = record.epoch + 1;
  if (!entry || until < epoch) return {};
  const missed = { kind: "missed", epoch, until, entry: entry.id, atMs: entry.block.time * 1000 } as const;
  return timelineWrites({ group: group.id, changes: [{ kind: "put", record: missed }] });
}

/**
 * Remembers the entry by which this client was in the group, if it is taken in once more: the others refuse that entry.
 */
function leftBy({ group, status, isFormer, start }: GroupRecord): Write[] {
  if (status !== "member" || isFormer === true) return [];
  return [tables.entered.put({ group, entry: start.head }, { isLeft: true })];
}

/** Makes the staged intents of a client that was cut off be built anew: what is staged can't be adopted any more. */
function builtAnew({ view }: Group): GroupChange {
  if (view.record.status !== "cut-off") return {};
  const staged = view.intents.filter(({ progress }) => progress.kind === "staged");
  return { intents: staged.map((intent) => ({ ...intent, progress: { kind: "queued" } })) };
}

/** Gives the epochs of a client that was in the group by an entry that counts no more. */
function vanishedHeads(record: GroupRecord): { dead: Set<HeadId>; from: number } {
  const { status, start, fork, isFormer } = record;
  const isOut = status === "removed" || status === "cut-off" || isFormer === true;
  return { dead: new Set(isOut ? [] : [start.head, ...(fork?.heads ?? [])]), from: start.epoch };
}

/**
 * Clears away what the leaf of a replaced installation leaves behind: its epochs must not be taken for those of the new
 * one, and what it had staged is over.
 */
async function formerLeaf(params: {
  core: CoreParts<"database">;
  group: Group;
  entry: EntryId;
  state: GroupState;
}): Promise<GroupChange> {
  const { core, group, entry, state } = params;
  if (!group.view.record.isFormer) return {};
  const epochs = await listEpochs({ database: core.database, group: group.id });
  const trees = new Set(epochs.map(({ tree }) => tree));
  trees.delete(toHex(treeHashOf(state)));
  return {
    droppedEpochs: epochs.map(({ head }) => head).filter((head) => head !== entry),
    droppedStaged: [...group.view.staged.keys()],
    intents: group.view.intents
      .filter(({ progress }) => progress.kind === "staged")
      .map((intent) => failed(intent, "copied")),
    writes: [...trees].map((hash) => tables.tree.del({ group: group.id, hash })),
  };
}
