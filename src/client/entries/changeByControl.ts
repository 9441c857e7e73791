import { recordOf } from "../../reconciler/branch/recordOf.ts";
import type { Member } from "../../reconciler/policy/roleOf.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { EntryRecord } from "../../reconciler/records/records.ts";
import type { RelationRecord, TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import { changeRelation } from "../../reconciler/timeline/changeRelation.ts";
import { registerOf } from "../../reconciler/timeline/relationsOf.ts";
import { withWrites } from "../../store/withWrites.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { ControlInstruction } from "../../wire/control.ts";
import { relationKinds } from "../../wire/relation.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { readMessage } from "../messages/readMessage.ts";
import { readOthers } from "../messages/relationStore.ts";
import { timelineWrites } from "../messages/timelineStore.ts";

/** Computes all that a control which counts changes, as one batch. The head stays. */
export async function changeByControl(params: {
  core: CoreParts<"database" | "logger">;
  group: Group;
  entry: Entry;
  writer: Member;
  instruction: ControlInstruction;
  /** The signed body, if the control is a request. */
  proof?: Uint8Array;
}): Promise<GroupChange> {
  const { core, group, entry, writer, instruction, proof } = params;
  const { epoch } = group.view.record;
  const record = recordOf(entry, { kind: "control", epoch, writer, instruction, proof });
  core.logger.debug({ group: group.id, entry: entry.id, instruction: instruction.kind }, "a control counts");
  const changes = await deletionChanges({ core, group, records: [record], stands: true });
  return mergeChanges(timelineWrites({ group: group.id, changes }), {
    entries: [record],
    intents: group.view.intents.flatMap((intent) => landedBy(intent, record)),
    events: [{ kind: "group" }],
  });
}

function landedBy(intent: Intent, { id }: EntryRecord): Intent[] {
  const { progress, landed } = intent;
  if (progress.kind !== "staged" || progress.entry !== id) return [];
  return [{ ...intent, landed: [...landed, id], attempts: 0, progress: { kind: "landed" } }];
}

/** Computes what the deletions among these entries change when they come to stand, or fall with a reorganization. */
export async function deletionChanges(params: {
  core: CoreParts<"database">;
  group: Group;
  records: readonly EntryRecord[];
  stands: boolean;
}): Promise<TimelineChange[]> {
  const { core, group, records, stands } = params;
  const later = withWrites(core.database);
  const place = { database: later.database, group: group.id };
  const all: TimelineChange[] = [];
  for (const { id, verdict } of records) {
    if (verdict.kind !== "control" || verdict.instruction.kind !== "delete-message") continue;
    const deletion: RelationRecord = {
      ...{ target: verdict.instruction.message, state: "counts", revision: 0 },
      ...{ source: { kind: "control", entry: id }, inbox: verdict.writer.inbox, epoch: verdict.epoch },
      ...registerOf({ kind: relationKinds.delete }),
    };
    const target = await readMessage({ ...place, id: deletion.target });
    const others = await readOthers({ ...place, ...deletion, target, source: id });
    const [before, after] = stands ? [[], [deletion]] : [[deletion], []];
    const changes = changeRelation({ before, after, target, others });
    later.add(timelineWrites({ group: group.id, changes }).writes);
    all.push(...changes);
  }
  return all;
}
