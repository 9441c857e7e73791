import { cutDead, type Place } from "../../reconciler/branch/deadRuns.ts";
import { type EpochView, namesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { RELANDING_BLOCKS } from "../../reconciler/branch/vanished.ts";
import type { EnteredRecord, GroupRecord, HeadId } from "../../reconciler/records/records.ts";
import { endOf, type TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import { formerHead } from "../../reconciler/view/formerHead.ts";
import { type EntryId, toHex } from "../../wire/ids.ts";
import { groupTopic } from "../../wire/topic.ts";
import { listEpochs, readState } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { readRecords, timelineWrites } from "../messages/timelineStore.ts";
import { readAnewWrites } from "../messages/topicReads.ts";
import { lineageOf } from "./changeByJoining.ts";
import { endInVain } from "./endInVain.ts";
import { rollBackGroup } from "./rollBackGroup.ts";

type Params = {
  readonly core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes" | "topicSums">;
  readonly group: Group;
};

/**
 * Rewinds this client to its previous membership, if a reorganization took the entry that added it anew. If that entry
 * is gone for good, maybe together with the removal before it, only the previous membership is left. If it landed
 * again, its ancestors may be judged otherwise now, and a removal among them be refused: a client that joins by a
 * Welcome can't tell, a former member can. The client goes to the most recent entry, still on chain, that added it;
 * otherwise to the earliest epoch of that membership whose full state is still stored. Later entries have to be read
 * again then, and are judged anew by the states that are kept. Call it from within the group's queue; returns true if
 * the client went back.
 */
export async function returnToFormer({ core, group }: Params): Promise<boolean> {
  const { record, entries } = group.view;
  const isThere = entries.has(record.start.head);
  const isInVain = record.status === "joining" && record.fork?.isGivenUp === true && !isThere;
  const isUnsure = record.status === "member" && record.isRelanding === true && isThere;
  if (!isInVain && !isUnsure) return false;
  const head = await findFormer({ core, group });
  const state =
    head && (await readState({ database: core.database, group: group.id, cache: group.epochs, head }));
  if (!head || !state) {
    if (isInVain) await endInVain({ core, group });
    else await changeGroup({ core, group, change: { record: { ...record, isRelanding: undefined } } });
    return false;
  }
  const later = entriesAfter(group, head);
  // What was adopted is undone here; `goBack` drops what is only read.
  const from = placeAfter(group, head);
  if (isUnsure) await rollBackGroup({ core, group, voids: ({ id }) => later.has(id), from });
  const untilBlock = isUnsure ? group.agreed.number + RELANDING_BLOCKS : 0;
  await goBack({ core, group, head, view: viewOf(state), awaited: { ...record.start, untilBlock } });
  return true;
}

async function goBack(
  params: Params & { head: HeadId; view: EpochView; awaited: NonNullable<GroupRecord["awaited"]> },
): Promise<void> {
  const { core, group, head, view, awaited } = params;
  const { record, entries, dead } = group.view;
  const { epoch } = view;
  const entry = entries.get(head);
  const at = { head, epoch };
  const later = entriesAfter(group, head);
  const { heads, shown } = await readLater({ core, group, epoch });
  const { members } = record;
  const fork = { heads, members, block: group.agreed.number, isGivenUp: false };
  const told = timelineWrites({ group: group.id, changes: shown });
  core.logger.info({ group: group.id, ...at }, "went back to a former membership");
  const change = mergeChanges(told, {
    record: {
      ...{ ...record, ...namesOf(view), ...at },
      ...{ status: entry ? "member" : "creating", start: at, awaited, isRelanding: undefined },
      fork: heads.length > 0 ? fork : undefined,
    },
    entries: entry ? lineageOf({ entry, entries, epoch }) : [],
    droppedEntries: [...entries.values()].filter(({ id }) => later.has(id)),
    droppedDead: cutDead({ dead, from: placeAfter(group, head) }).cut,
    // What was said there could meanwhile not be told from messages of a dead branch.
    topicAnew: await readAnewWrites({ core, topic: groupTopic(group.id) }),
    events: [{ kind: "group" }],
  });
  await changeGroup({ core, group, change });
}

/**
 * Reads what the timeline holds of later epochs: the heads that messages were sealed to, which return or are void,
 * earliest first, and what commits changed, which is told again when they are read.
 */
async function readLater({ core, group, epoch }: Params & { epoch: number }) {
  const heads = new Map<HeadId, number>();
  const shown: TimelineChange[] = [];
  for await (const { value } of readRecords({
    database: core.database,
    group: group.id,
    after: endOf(epoch),
  })) {
    if (value.kind === "membership") shown.push({ kind: "drop", record: value });
    if (value.kind === "again") for (const entry of value.entries) heads.set(entry, value.epoch);
    if (value.kind !== "message") continue;
    for (const opening of value.openings) {
      const isOpened = opening.verdict !== "void" && opening.verdict !== "told";
      if (opening.epoch > epoch && isOpened) heads.set(opening.entry, opening.epoch);
    }
  }
  const inOrder = [...heads].toSorted(([, a], [, b]) => a - b).map(([head]) => head);
  return { heads: inOrder, shown };
}

/** Lists the entries that this client has read after the one that opened this epoch. */
function entriesAfter({ view }: Group, head: HeadId): Set<HeadId> {
  const ids: HeadId[] = [...view.entries.keys()];
  return new Set(ids.slice(ids.indexOf(head) + 1));
}

function placeAfter({ view }: Group, head: HeadId): Place {
  const entry = view.entries.get(head);
  return { block: { number: entry?.block.number ?? 0 }, logIndex: (entry?.logIndex ?? -1) + 1 };
}

async function findFormer({ core, group }: Params): Promise<HeadId | undefined> {
  const under = { group: group.id };
  const epochs = await listEpochs({ ...core, ...under });
  const whole = epochs.filter(({ closedAtMs }) => closedAtMs === 0);
  const entered = new Map<HeadId, EnteredRecord>();
  for await (const { fields, value } of tables.entered.rows(core.database, { under })) {
    entered.set(toHex(fields.entry) as EntryId, value);
  }
  return formerHead({ view: group.view, whole, entered });
}
