import { randomBytes } from "#crypto";
import type { MessageRecord } from "../../reconciler/records/timelineRecord.ts";
import { composeMessage, type Forerunner } from "../../reconciler/timeline/composeMessage.ts";
import type { MessageBody, MessageContent } from "../../wire/applicationMessage.ts";
import type { GroupId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readLatest } from "../messages/timelineStore.ts";
import { shownMs } from "../nodes/chainTime.ts";

/** How many of a timeline's last records are looked through for the parents of a new message. */
const LATEST_RECORDS = 16;

/** Composes a new message of this client after all that it holds of a group, its own unsealed messages included. */
export async function composeNext(params: {
  core: CoreParts<"database" | "links" | "self">;
  /** Undefined if this client is not in the group. */
  group: Group | undefined;
  id: GroupId;
  body: MessageBody;
}): Promise<MessageContent> {
  const { core, group, id, body } = params;
  const records = await readLatest({ database: core.database, group: id, limit: LATEST_RECORDS });
  const latest = records.filter((record): record is MessageRecord => record.kind === "message");
  return composeMessage({
    group: id,
    author: { inbox: core.self.inbox, installation: core.self.installation.key },
    epoch: group?.view.record.epoch ?? 0,
    latest: [...latest, ...waiting(group)],
    body,
    sentAtMs: shownMs(core.links),
    drawBytes: randomBytes,
  });
}

/** Lists this client's messages that are not sealed yet: they come after all others. */
function waiting(group: Group | undefined): Forerunner[] {
  return (group?.view.intents ?? []).flatMap(({ action, progress }): Forerunner[] => {
    if (action.kind !== "send" || progress.kind !== "queued" || !group) return [];
    const { epoch } = group.view.record;
    return [{ id: action.message, content: action.content, openings: [{ epoch, verdict: "counts" }] }];
  });
}
