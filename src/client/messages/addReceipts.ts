import { keepTaken } from "../../reconciler/messages/keepTaken.ts";
import type { Opening, Taken } from "../../reconciler/records/timelineRecord.ts";
import { changeOpenings } from "../../reconciler/timeline/insertMessage.ts";
import type { EnvelopeHash, MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { judgeOpening } from "./judgeRecord.ts";
import { awaitedWrites, outcomeWrite } from "./judgeRecords.ts";
import { readMessage } from "./readMessage.ts";
import { readSurroundings, timelineWrites } from "./timelineStore.ts";

/**
 * Adds receipts to a sealing that is known: another node took it in, or a node took in this client's own. One more
 * receipt may take it over the fence.
 */
export async function addReceipts(params: {
  core: CoreParts<"database" | "finalityBlocks" | "inboxes" | "self">;
  group: Group;
  message: MessageId;
  envelope: EnvelopeHash;
  receipts: readonly Taken[];
}): Promise<GroupChange> {
  const { core, group, message: id, envelope, receipts } = params;
  const place = { database: core.database, group: group.id };
  const record = await readMessage({ ...place, id });
  const opening = record?.openings.find((one) => one.envelope === envelope);
  if (!record || !opening) return {};
  const taken = keepTaken([...(opening.taken ?? []), ...receipts]);
  if (isSame(taken, opening.taken ?? [])) return {};
  const { branch } = group.view;
  const better: Opening = { ...opening, taken };
  const judged = await judgeOpening({ core, branch, sender: record.content, opening: better });
  const openings = record.openings.map((one) => (one === opening ? judged.opening : one));
  const found = { ...(await readSurroundings({ ...place, message: record })), record };
  const { writes, events } = timelineWrites({
    group: group.id,
    changes: changeOpenings({ openings, found }),
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

function isSame(a: readonly Taken[], b: readonly Taken[]): boolean {
  return a.length === b.length && a.every(({ headerHash }, i) => headerHash === b[i]?.headerHash);
}
