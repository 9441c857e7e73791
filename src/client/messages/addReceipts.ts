import { keepTaken } from "../../reconciler/messages/keepTaken.ts";
import type { VerifiedReceipt } from "../../reconciler/messages/verifyReceipts.ts";
import type { Expiry, MessageRecord, Opening, Taken } from "../../reconciler/records/timelineRecord.ts";
import { earlierExpiry, expiryOf } from "../../reconciler/timeline/expiry.ts";
import { changeOpenings } from "../../reconciler/timeline/insertMessage.ts";
import type { EntryId, EnvelopeHash, MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { judgeOpening } from "./judgeRecord.ts";
import { awaitedWrites, outcomeWrite } from "./judgeRecords.ts";
import { readMessage } from "./readMessage.ts";
import { readSurroundings, timelineWrites } from "./timelineStore.ts";

/**
 * Adds receipts to a sealing that is known: another node took it in, or a node took in this client's own. One more
 * receipt may take it over the fence.
 */
export async function addReceipts(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "links" | "self">;
  group: Group;
  message: MessageId;
  envelope: EnvelopeHash;
  receipts: readonly VerifiedReceipt[];
}): Promise<GroupChange> {
  const { core, group, message: id, envelope, receipts } = params;
  const place = { database: core.database, group: group.id };
  const record = await readMessage({ ...place, id });
  const opening = record?.openings.find((one) => one.envelope === envelope);
  if (!record || !opening) return {};
  const taken = keepTaken([...(opening.taken ?? []), ...receipts]);
  const expiry = sooner({ ...params, record, opening });
  if (isSame(taken, opening.taken ?? []) && expiry === record.expiry) return {};
  const { branch } = group.view;
  const better: Opening = { ...opening, taken };
  const judged = await judgeOpening({ core, branch, sender: record.content, opening: better });
  const openings = record.openings.map((one) => (one === opening ? judged.opening : one));
  const found = { ...(await readSurroundings({ ...place, message: record })), record };
  const { writes, events } = timelineWrites({
    group: group.id,
    changes: changeOpenings({ openings, found, expiry }),
  });
  if (judged.opening.verdict === opening.verdict && judged.open.length === 0) return { writes };
  const before = await tables.awaited.get(core.database, { group: group.id, id });
  const isPending = openings.some(({ verdict }) => verdict === "pending");
  const after = judged.open.length > 0 ? { isPending } : before;
  return {
    events: judged.opening.verdict === opening.verdict ? [] : events,
    writes: [
      outcomeWrite({ core, group, record, opening: judged.opening }),
      ...awaitedWrites({ group, id, before, after }),
      ...writes,
    ],
  };
}

/** An earlier receipt lets a message disappear earlier. */
function sooner(params: {
  core: CoreParts<"links">;
  group: Group;
  record: MessageRecord;
  opening: Opening;
  receipts: readonly VerifiedReceipt[];
}): Expiry | undefined {
  const { core, group, record, opening, receipts } = params;
  if (!record.expiry || receipts.length === 0) return record.expiry;
  const { seconds } = record.expiry;
  const at = { epochBeganMs: epochBeganMs(group, opening.entry), nowMs: networkMs(core.links) };
  return earlierExpiry(record.expiry, expiryOf({ seconds, receipts, ...at }));
}

/** When an epoch began by the block of its entry, milliseconds since 1970; 0 if this client does not have the entry. */
export function epochBeganMs({ view }: Group, entry: EntryId): number {
  return (view.entries.get(entry)?.block.time ?? 0) * 1000;
}

function isSame(a: readonly Taken[], b: readonly Taken[]): boolean {
  return a.length === b.length && a.every(({ headerHash }, i) => headerHash === b[i]?.headerHash);
}
