import { recordOf } from "../../reconciler/branch/recordOf.ts";
import type { Member } from "../../reconciler/policy/roleOf.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { EntryRecord } from "../../reconciler/records/records.ts";
import type { Deletion, TimelineChange } from "../../reconciler/records/timelineRecord.ts";
import { changeDeletion } from "../../reconciler/timeline/changeDeletion.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { ControlInstruction } from "../../wire/control.ts";
import type { Hex } from "../../wire/ids.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { readDeletions, readMessage, timelineWrites } from "../messages/timelineStore.ts";

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
    events: [{ kind: "group", group: group.id }],
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
  const place = { database: core.database, group: group.id };
  const sources = new Set<Hex>(records.map(({ id }) => id));
  const changes: TimelineChange[] = [];
  for (const { id, verdict } of records) {
    if (verdict.kind !== "control" || verdict.instruction.kind !== "delete-message") continue;
    const { message } = verdict.instruction;
    const deletion: Deletion = {
      target: message,
      epoch: verdict.epoch,
      inbox: verdict.writer.inbox,
      source: { kind: "control", entry: id },
    };
    const target = await readMessage({ ...place, id: message });
    const others = target
      ? await readDeletions({ ...place, target: message, author: target.content.inbox, except: sources })
      : [];
    changes.push(...changeDeletion({ deletion, stands, target, others }));
  }
  return changes;
}
