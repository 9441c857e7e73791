import type { HeldRow } from "../../reconciler/messages/held.ts";
import { receiptFromStored } from "../../reconciler/messages/verifyReceipts.ts";
import { groupTopic } from "../../wire/topic.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { receiveHeld } from "./receiveEnvelopes.ts";
import { readAnewWrites } from "./topicReads.ts";

/** Judges held envelopes again, now that the chain has been read further. Call it from within the group's queue. */
export async function releaseHeld(params: {
  core: ChangingCore &
    CoreParts<"certificates" | "finalityBlocks" | "groups" | "inboxes" | "network" | "topicSums">;
  group: Group;
}): Promise<void> {
  const { core, group } = params;
  for (const row of [...group.view.held.rows.values()]) {
    const isOver = isJunk({ ...params, row });
    if (!isOver && !isKnown(group, row)) continue;
    const at = { group: group.id, arrival: row.arrival };
    const record = await tables.held.get(core.database, at);
    if (!record) continue;
    const { hash, envelope, receipts } = record;
    const arrival = { hash, envelope, receipts: receipts.map(receiptFromStored) };
    const change = await receiveHeld({ core, group, isOver, arrival });
    if (change.writes !== undefined) await changeGroup({ core, group, change });
  }
  await readUnheld(params);
}

/** True if the envelope's head is there and judged. */
function isKnown({ view }: Group, { head }: HeldRow): boolean {
  const verdict = view.entries.get(head)?.verdict;
  return verdict !== undefined && verdict.kind !== "unjudged";
}

/**
 * True for junk: no node whose receipt names this block can have known its head, or the chain has lost the head for
 * good.
 */
function isJunk(params: { core: CoreParts<"finalityBlocks">; group: Group; row: HeldRow }): boolean {
  const { core, group, row } = params;
  const isFinal = row.anchorBlock + core.finalityBlocks < group.agreed.number;
  return isFinal && !group.view.entries.has(row.head);
}

/** Has the topic read again from where envelopes did not fit: they may be for the head that has come since. */
async function readUnheld(params: {
  core: ChangingCore & CoreParts<"topicSums">;
  group: Group;
}): Promise<void> {
  const { core, group } = params;
  const { held, record } = group.view;
  const { unheld } = held;
  if (!unheld || unheld.head === record.head) return;
  const topic = groupTopic(group.id);
  await changeGroup({
    core,
    group,
    change: {
      held: { ...held, unheld: undefined },
      writes: [tables.unheld.del({ group: group.id })],
      topicAnew: await readAnewWrites({ core, topic, position: unheld.position }),
    },
  });
}
