import type { AwaitedRecord } from "../../reconciler/records/records.ts";
import type { MessageRecord } from "../../reconciler/records/timelineRecord.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { type MessageId, toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { judgeRecords } from "./judgeRecords.ts";
import { readMessage } from "./readMessage.ts";

/** How many messages are judged in one batch. */
const AT_ONCE = 64;

/**
 * Judges again the messages whose verdict is not final yet: all, or only these. Call it from within the group's queue.
 */
export async function judgeAwaited(params: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes">;
  group: Group;
  only?: ReadonlySet<MessageId>;
}): Promise<void> {
  const { core, group, only } = params;
  const rows = new Map<MessageId, AwaitedRecord>();
  for await (const { fields, value } of tables.awaited.rows(core.database, { under: { group: group.id } })) {
    const id = toHex(fields.id) as MessageId;
    if (!only || only.has(id)) rows.set(id, value);
  }
  const ids = [...rows.keys()];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const found = await Promise.all(
      ids.slice(i, i + AT_ONCE).map((id) => readMessage({ database: core.database, group: group.id, id })),
    );
    const records = found.filter((record): record is MessageRecord => record !== undefined);
    const { branch } = group.view;
    const { changed, ...judged } = await judgeRecords({ core, group, branch, records, rows });
    const gone = ids.slice(i, i + AT_ONCE).filter((_, at) => found[at] === undefined);
    const writes = [...judged.writes, ...gone.map((id) => tables.awaited.del({ group: group.id, id }))];
    if (changed.length > 0) await changeGroup({ core, group, change: { ...judged, writes } });
    else await writeAtomic({ database: core.database, writes, sync: false });
  }
}
