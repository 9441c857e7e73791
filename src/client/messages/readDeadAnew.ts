import type { DeadRun, EntryRecord } from "../../reconciler/records/records.ts";
import { groupTopic } from "../../wire/topic.ts";
import { tables } from "../database/tables.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readAnewWrites } from "./topicReads.ts";

/**
 * Has the topic read from its beginning if a reorganization took entries of dead branches: if they land again they may
 * count, and so may envelopes that were sealed to them and were not kept.
 */
export async function readDeadAnew(params: {
  core: CoreParts<"database" | "topicSums">;
  group: Group;
  dropped: readonly EntryRecord[];
  droppedDead: readonly DeadRun[];
}): Promise<Pick<GroupChange, "topicAnew">> {
  const { core, group, dropped, droppedDead } = params;
  const haveCounted = dropped.every(
    ({ verdict }) => verdict.kind === "adopted" || verdict.kind === "control",
  );
  if (haveCounted && droppedDead.length === 0) return {};
  const tally = await tables.groupTally.get(core.database, { group: group.id });
  if (!tally?.rejected["dead-branch"]) return {};
  return { topicAnew: await readAnewWrites({ core, topic: groupTopic(group.id) }) };
}
