import { RELANDING_BLOCKS } from "../../reconciler/branch/vanished.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { GroupRecord, Vanished } from "../../reconciler/records/records.ts";
import type { Opening } from "../../reconciler/records/timelineRecord.ts";
import type { MessageId } from "../../wire/ids.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { resealed } from "../messages/resealed.ts";
import { readRecords } from "../messages/timelineStore.ts";

/**
 * Makes this client wait no longer for entries that a reorganization took and that have not landed again: its messages
 * of their epochs are sealed to the present one, and its entries that stood on them are built anew. Should they land
 * after all, a message that was opened in several epochs stands in the earliest. Call it from within the group's queue.
 */
export async function giveUpVanished(params: {
  core: ChangingCore;
  group: Group;
  /** True if they can't land again: they are there and count for nothing. */
  isOver?: boolean;
}): Promise<void> {
  const { core, group, isOver = false } = params;
  const { intents, branch } = group.view;
  const record = awaitingStart(group);
  const { fork } = record;
  const mayReturn = fork && !isOver && group.agreed.number < fork.block + RELANDING_BLOCKS;
  if (record !== group.view.record) await changeGroup({ core, group, change: { record } });
  if (!fork || fork.isGivenUp || mayReturn) return;
  const stranded = intents.filter(
    ({ progress }) => progress.kind === "staged" && !branch.places.has(progress.parent),
  );
  const requeued = stranded.map((intent): Intent => ({ ...intent, progress: { kind: "queued" } }));
  const messages = await ownMessages({ core, group, fork });
  const again = await resealed({ core, group, messages, except: [] });
  core.logger.info({ group: group.id, messages: again.intents.length }, "gave up vanished epochs");
  const givenUp = { ...record, fork: { ...fork, isGivenUp: true } };
  const change = mergeChanges({ record: givenUp, intents: requeued }, again);
  await changeGroup({ core, group, change });
}

/** Lets a joiner wait for the entry that a Welcome names, but no longer than for an entry that was there. */
function awaitingStart({ view, agreed, agreedAtMs }: Group): GroupRecord {
  const { record, entries } = view;
  const { status, start, fork, members } = record;
  // The wait is counted from a head that was agreed on in this run.
  if (status !== "joining" || fork || entries.has(start.head) || agreedAtMs === 0) return record;
  const { number: block } = agreed;
  return { ...record, fork: { heads: [start.head], members, block, isGivenUp: false } };
}

async function ownMessages(params: {
  core: CoreParts<"database" | "self">;
  group: Group;
  fork: Vanished;
}): Promise<Map<MessageId, readonly Opening[]>> {
  const { core, group, fork } = params;
  const place = { database: core.database, group: group.id };
  const { epoch } = group.view.record;
  const heads = new Set<string>(fork.heads);
  const found = new Map<MessageId, readonly Opening[]>();
  for (let at = epoch; at <= epoch + fork.heads.length; at++) {
    for await (const { value } of readRecords({ ...place, epoch: at })) {
      if (value.kind !== "message") continue;
      const isOwn = value.content.installation === core.self.installation.key;
      if (isOwn && heads.has(value.openings[0].entry)) found.set(value.id, value.openings);
    }
  }
  return found;
}
