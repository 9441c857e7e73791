import { compareEntries } from "../../reconciler/branch/compareEntries.ts";
import type { GroupPosition } from "../../rpc/nodeApi.ts";
import { valuesOf } from "../../store/client/table.ts";
import type { EntryCursor } from "../../wire/chainEntry.ts";
import type { GroupId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";

/** How many entries are looked at: more than a reorganization can take away, so that an older one is final. */
const RECENT_ENTRIES = 32;
/** Which of them are told: after a reorganization at most as many are read again as it took. */
const TOLD = [0, 1, 2, 4, 8, 16, RECENT_ENTRIES - 1];

/**
 * Says up to where this client has read a group's entries. What one node alone has told does not count: every node that
 * serves the group has to tell it again.
 */
export async function chainPosition(
  core: CoreParts<"database" | "groups">,
  group: GroupId,
): Promise<GroupPosition> {
  const rows = tables.entryByPlace.rows(core.database, {
    under: { group },
    reverse: true,
    limit: RECENT_ENTRIES,
  });
  const ids = await valuesOf(rows);
  const view = core.groups.get(group)?.view;
  const kept = ids.flatMap((id) => view?.entries.get(id) ?? []).filter((entry) => !entry.isProvisional);
  const read = [...kept, ...[...(view?.dead.values() ?? [])].flat()].sort((a, b) => compareEntries(b, a));
  const recent = TOLD.flatMap((at) => read[at] ?? []).map(
    ({ block, logIndex }): EntryCursor => ({ block: block.number, logIndex, blockHash: block.hash }),
  );
  return { group, recent };
}
