import { randomBytes } from "#crypto";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import {
  GAP_RANK,
  keyOf,
  type MessageRecord,
  type TimelineKey,
} from "../../reconciler/records/timelineRecord.ts";
import {
  composeMessage,
  type Forerunner,
  type MessageBody,
} from "../../reconciler/timeline/composeMessage.ts";
import { type GroupId, type Hex, ID_BYTES } from "../../wire/ids.ts";
import { MAX_PARENTS, PARTS_VERSION, PROTOCOL_VERSION } from "../../wire/limits.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import { relationKinds } from "../../wire/relation.ts";
import { readEpoch } from "../database/epochStates.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readRecords } from "../messages/timelineStore.ts";
import { shownMs } from "../nodes/chainTime.ts";

/**
 * How many records of a timeline, gaps aside, are searched for the parents of a new message. The last ones may not
 * count: a reorganization has undone them, or somebody who is out goes on writing.
 */
const LATEST_RECORDS = 1024;
const NO_ID: Hex = `0x${"00".repeat(ID_BYTES)}`;

/**
 * Composes a message of this client, behind all messages that the client holds of the group, its own unsealed ones
 * included. In a group of version 1 the message has the form of version 1 if that form can say what it says.
 */
export async function composeNext(params: {
  core: CoreParts<"database" | "links" | "self">;
  /** Undefined if this client is not in the group. */
  group: Group | undefined;
  id: GroupId;
  body: MessageBody;
}): Promise<MessageContent> {
  const { core, group, id, body } = params;
  const isOld = (await versionOf(params)) < PARTS_VERSION && fitsVersion1(body);
  return composeMessage({
    group: id,
    author: { inbox: core.self.inbox, installation: core.self.installation.key },
    epoch: group?.view.record.epoch ?? 0,
    latest: [...(await readLatest(params)), ...waiting(group)],
    body: isOld ? { ...body, version: 1 } : body,
    sentAtMs: shownMs(core.links),
    drawBytes: randomBytes,
  });
}

async function versionOf(params: { core: CoreParts<"database">; group: Group | undefined }): Promise<number> {
  const { core, group } = params;
  if (!group) return PROTOCOL_VERSION;
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const epoch = await readEpoch({ ...place, head: group.view.record.head });
  return epoch ? viewOf(epoch.state).context.version : PROTOCOL_VERSION;
}

/** Version 1 has texts and deletions of one's own. */
function fitsVersion1({ relation, parts: [part, ...more] }: MessageBody): boolean {
  if (relation) return relation.kind === relationKinds.delete;
  return part?.type === "" && part.data !== undefined && more.length === 0;
}

/**
 * Reads the last messages that count, in order. Gaps are passed over, so a member who makes many gaps moves no depth.
 */
async function readLatest(params: { core: CoreParts<"database">; id: GroupId }): Promise<MessageRecord[]> {
  const { core, id: group } = params;
  const found: MessageRecord[] = [];
  let seen = 0;
  let before: TimelineKey | undefined;
  search: for (;;) {
    const place = { database: core.database, group, reverse: true, ...(before ? { after: before } : {}) };
    for await (const { value } of readRecords(place)) {
      if (value.kind === "gap") {
        before = { epoch: keyOf(value).epoch, rank: GAP_RANK, id: NO_ID };
        continue search;
      }
      if (value.kind === "message" && value.openings[0].verdict === "counts") found.unshift(value);
      if (found.length >= MAX_PARENTS || ++seen >= LATEST_RECORDS) return found;
    }
    return found;
  }
}

/** Own messages that are not sealed yet come after all others. */
function waiting(group: Group | undefined): Forerunner[] {
  return (group?.view.intents ?? []).flatMap(({ action, progress }): Forerunner[] => {
    if (action.kind !== "send" || progress.kind !== "queued" || !group) return [];
    const { epoch } = group.view.record;
    return [{ id: action.message, content: action.content, openings: [{ epoch, verdict: "counts" }] }];
  });
}
