import { WeftError } from "../../errors.ts";
import { HANGING, isCounted } from "../../reconciler/branch/deadRuns.ts";
import { type EpochView, viewOf } from "../../reconciler/branch/epochView.ts";
import { lastAddBlock } from "../../reconciler/branch/lastAddBlock.ts";
import { lastCommitBlock } from "../../reconciler/branch/lastCommitBlock.ts";
import { type ReceivedEntry, recordOf } from "../../reconciler/branch/recordOf.ts";
import { unheardAgain } from "../../reconciler/branch/unheard.ts";
import { inboxesToAsk, judgeEntry, revokedMembers } from "../../reconciler/entries/judgeEntry.ts";
import { type OpenedEntry, openEntry } from "../../reconciler/entries/openEntry.ts";
import { provenRequests } from "../../reconciler/entries/provenRequests.ts";
import { hasActive } from "../../reconciler/policy/roleOf.ts";
import type { GroupRecord } from "../../reconciler/records/records.ts";
import { decisiveChild } from "../../reconciler/view/decisiveChild.ts";
import { parentOfDead } from "../../reconciler/view/parentOfDead.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import { entryId } from "../../wire/entry.ts";
import { askRegistry, type RegistrySource } from "../asking/askRegistry.ts";
import { readState, requireState } from "../database/epochStates.ts";
import { type CopyEvidence, tables } from "../database/tables.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { branchWith, judgeSenders, removedBy } from "../messages/judgeSenders.ts";
import { releaseHeld } from "../messages/releaseHeld.ts";
import { changeByControl } from "./changeByControl.ts";
import { changeByDead } from "./changeByDead.ts";
import { changeByJoining } from "./changeByJoining.ts";
import { changeByVerdict } from "./changeByVerdict.ts";
import { judgeLaterSibling } from "./judgeLaterSibling.ts";
import { restingOn } from "./settleRests.ts";
import { settleVanished } from "./settleVanished.ts";

type Params = RegistrySource & { group: Group };

/**
 * Takes in entries, this client's own and others': no other way leads in. Each is checked, judged and stored with all
 * its consequences in one batch. Entries that are known are skipped. Call it from within the group's queue. Throws
 * `malformed` if the node serves what cannot be on the chain: the caller should leave that node.
 */
export async function receiveEntries(params: Params & { entries: readonly ReceivedEntry[] }): Promise<void> {
  const { group } = params;
  for (const entry of params.entries) {
    if (isRead(group, entry)) continue;
    checkEntry(group, entry);
    await receiveEntry({ ...params, entry });
  }
}

/** True for an entry that was read in this place on the same chain: it is kept, or counted. */
function isRead({ view }: Group, entry: Entry): boolean {
  const known = view.entries.get(entry.id);
  if (known) return known.block.hash === entry.block.hash && known.logIndex === entry.logIndex;
  return isCounted({ dead: view.dead, parent: parentOfDead(view, entry), entry });
}

/**
 * Throws `malformed` for an entry that is not what it claims, hides a sibling or has no known parent; where dead
 * entries are counted and not kept, its parent may be one of them.
 */
function checkEntry(group: Group, entry: Entry): void {
  const { childCounts, dead } = group.view;
  const isKnownParent = parentOfDead(group.view, entry) !== HANGING;
  const isNext = isKnownParent ? entry.index === (childCounts.get(entry.parent) ?? 0) : dead.size > 0;
  if (entry.group === group.id && entryId(entry) === entry.id && isNext) return;
  throw new WeftError({
    code: "malformed",
    message: `the node served an entry that cannot be on the chain, or left one out: ${entry.id}`,
    hint: "Use another node.",
  });
}

async function receiveEntry(params: Params & { entry: ReceivedEntry }): Promise<void> {
  const { core, group, entry } = params;
  const { record, children } = group.view;
  const joining = asJoining({ record, entry });
  if (joining) {
    const unjudged = recordOf(entry, { kind: "unjudged" });
    const change = await changeByJoining({ core, group, record: joining, entry: unjudged });
    await changeGroup({ core, group, change });
    return;
  }
  const contested = decisiveChild({ children, parent: entry.parent });
  if (contested) await judgeLaterSibling({ ...params, contested });
  else if (entry.parent === record.head && isInside(record)) await judgeChildOfHead(params);
  else await changeGroup({ core, group, change: changeByDead({ core, group, entry }) });
  await releaseHeld({ core, group });
}

/**
 * Gives the record of a client that is joining, or that the entry brings in though the client had given it up;
 * undefined for any other client.
 */
function asJoining({ record, entry }: { record: GroupRecord; entry: Entry }): GroupRecord | undefined {
  const { status, awaited } = record;
  if (status === "joining") return record;
  if (status !== "removed" || awaited?.head !== entry.id) return undefined;
  const { head, epoch } = awaited;
  const start = { head, epoch };
  const anew = { reason: undefined, awaited: undefined, isUnheard: unheardAgain(record, head) } as const;
  return { ...record, ...start, ...anew, status: "joining", start };
}

function isInside({ status }: GroupRecord): boolean {
  return status !== "removed" && status !== "cut-off";
}

async function judgeChildOfHead(params: Params & { entry: ReceivedEntry }): Promise<void> {
  const { core, group } = params;
  const { database, network } = core;
  const place = { database, group: group.id, cache: group.epochs };
  const state = await requireState({ ...place, head: params.entry.parent });
  const opened = openEntry({ network, state, entry: params.entry });
  const told = await registryFor({ ...params, opened, view: viewOf(state) });
  const { registry } = told;
  const entry = restingOn({ ...told, entry: params.entry });
  const known = await readState({ ...place, head: entry.id });
  const inbox = opened.kind === "refused" ? undefined : opened.writer.inbox;
  const { branch, leaves, entries, owed } = group.view;
  const requests = opened.kind === "commit" ? opened.requests : [];
  const judgement = judgeEntry({
    ...{ opened, entry, state, registry, owed },
    lastCommitBlock: inbox && lastCommitBlock({ steps: branch.steps, inbox }),
    lastAddBlock: lastAddBlock(branch.steps),
    leavers: leaves.leavers,
    stranded: provenRequests({ network, group: group.id, parent: entry.parent, state, entries, requests }),
    staged: known,
  });
  const hasPath = opened.kind === "commit" && opened.verified.hasPath;
  const change =
    judgement.kind === "control"
      ? await changeByControl({ core, group, entry, ...judgement })
      : changeByVerdict({ core, group, entry, state, judgement, hasPath, isStored: known !== undefined });
  const settled = await settleVanished({ core, group, entry: entry.id, change });
  const fenced = await withFence({ core, group, change: settled });
  const copy = await copyEvidence({ core, group, entry, opened });
  await changeGroup({ core, group, change: mergeChanges(fenced, { copy }) });
}

/** Finds evidence of a copy: an entry that this installation has signed, but not in this database. */
async function copyEvidence(params: {
  core: CoreParts<"database" | "self">;
  group: Group;
  entry: Entry;
  opened: OpenedEntry;
}): Promise<CopyEvidence | undefined> {
  const { core, group, entry, opened } = params;
  if (opened.kind === "refused" || opened.writer.installation !== core.self.installation.key)
    return undefined;
  // Entries are not told by their id: anybody in the group can seal the signed body of an entry once more.
  const place = { group: group.id, authority: entry.authority };
  if ((await tables.written.get(core.database, place)) !== undefined) return undefined;
  return { kind: "entry", group: group.id, entry: entry.id };
}

/**
 * Adds to a change what it means to the messages of members whom it takes out: they are judged again in the same
 * batch.
 */
async function withFence(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  change: GroupChange;
}): Promise<GroupChange> {
  const { group, change } = params;
  const { entries: added = [], record } = change;
  const installations = removedBy(added);
  if (installations.size === 0) return change;
  const branch = branchWith({ group, record, added });
  return mergeChanges(change, await judgeSenders({ ...params, installations, branch }));
}

/**
 * Asks the registry about the inboxes that decide about an entry. Where no admin is active, any member may be the one
 * to promote: then it asks about all of them.
 */
async function registryFor(
  params: Params & { entry: Entry; opened: OpenedEntry; view: EpochView },
): ReturnType<typeof askRegistry> {
  const { opened, entry, view } = params;
  const { members, context } = view;
  const block = entry.block.number;
  const read = await askRegistry({ ...params, inboxes: inboxesToAsk({ opened, view }), block });
  const revoked = revokedMembers({ members, registry: read.registry, block: block - 1 });
  const inboxes = [...context.superAdmins, ...context.admins];
  if (opened.kind === "refused" || hasActive({ members, inboxes, revoked })) return read;
  return await askRegistry({ ...params, inboxes: members.map(({ inbox }) => inbox), block });
}
