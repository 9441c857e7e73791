import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId } from "../../wire/ids.ts";
import { groupTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../core.ts";
import { tables } from "../tables.ts";

/**
 * Lets a group's topic be read from its beginning, for one who comes back: what was said on the way in could not be
 * told from a dead branch then. What has another outcome keeps it.
 */
export async function readTopicAnew(params: { core: ClientCore; group: GroupId }): Promise<Write[]> {
  const { core, group } = params;
  const writes: Write[] = [tables.topicPosition.del({ topic: groupTopic(group) })];
  for await (const { fields, value } of tables.outcome.rows(core.database, { under: { group } })) {
    const { outcome } = value;
    if (outcome.kind !== "rejected" || outcome.reason !== "dead-branch") continue;
    writes.push(tables.outcome.del(fields));
  }
  return writes;
}
