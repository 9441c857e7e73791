import {
  endOf,
  keyOf,
  type MessageRecord,
  type TimelineKey,
  type TimelineRecord,
} from "../../reconciler/records/timelineRecord.ts";
import { isShown } from "../../reconciler/timeline/timelineItem.ts";
import type { Database } from "../../store/openDatabase.ts";
import {
  type ArchivedGroup,
  type ArchivedMessage,
  type ArchivePage,
  bytesOfArchived,
  bytesOfPage,
  MAX_ARCHIVE_CHUNK_BYTES,
} from "../../wire/archive.ts";
import type { GroupId } from "../../wire/ids.ts";
import { isStanding, relationKinds } from "../../wire/relation.ts";
import { type HistoryPlace, type HistoryPlaces, tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { readMessage } from "../messages/readMessage.ts";
import { readRecords } from "../messages/timelineStore.ts";

/** A page is closed before it grows beyond this, unless it holds a single message that is larger. */
const PAGE_BYTES = 60 * 1024;

type Place = { readonly database: Database; readonly group: GroupId };
type Found = { readonly key: TimelineKey; readonly message: ArchivedMessage };

/** Gives the places from which all groups' histories are written, from the last message on. */
export async function startOfHistory(
  core: CoreParts<"database" | "groups" | "toldGroups">,
): Promise<HistoryPlaces> {
  const places: [GroupId, HistoryPlace][] = [];
  for (const group of new Set([...core.groups.keys(), ...core.toldGroups.keys()])) {
    const before = endOf(Number.MAX_SAFE_INTEGER);
    const last = await nextOf({ database: core.database, group, before });
    if (last) places.push([group, { before, saidAtMs: last.message.content.sentAtMs, isBegun: false }]);
  }
  return places;
}

/** Counts the messages that groups show. */
export async function countHistory(core: CoreParts<"database">, places: HistoryPlaces): Promise<number> {
  let count = 0;
  for (const [group] of places) {
    for await (const { value } of tables.epochTally.rows(core.database, { under: { group } }))
      count += value.messages;
  }
  return count;
}

/**
 * Reads the next page of the history: of the group whose next message is the newest, from there back. `shown`: how many
 * of its messages are shown in their place. Undefined: there is no more.
 */
export async function nextPage(params: {
  core: CoreParts<"database" | "groups" | "toldGroups">;
  places: HistoryPlaces;
}): Promise<
  { readonly page: ArchivePage; readonly shown: number; readonly places: HistoryPlaces } | undefined
> {
  const { core, places } = params;
  const [newest] = places.toSorted(([, a], [, b]) => b.saidAtMs - a.saidAtMs);
  if (!newest) return undefined;
  const [group, place] = newest;
  const named = { group, ...(place.isBegun ? {} : { about: aboutOf(core, group) }) };
  let bytes = bytesOfPage(named);
  const messages: ArchivedMessage[] = [];
  const left: [GroupId, HistoryPlace][] = [];
  let { before } = place;
  for await (const { key, message } of readBack({ database: core.database, group, before })) {
    bytes += bytesOfArchived(message);
    const isFirst = messages.length === 0;
    if (bytes > (isFirst ? MAX_ARCHIVE_CHUNK_BYTES : PAGE_BYTES)) {
      left.push([group, { before, saidAtMs: message.content.sentAtMs, isBegun: true }]);
      break;
    }
    messages.push(message);
    before = key;
  }
  const shown = messages.filter(({ content }) => isShown(content)).length;
  const others = places.filter(([other]) => other !== group);
  return { page: { ...named, messages }, shown, places: [...left, ...others] };
}

function aboutOf({ groups, toldGroups }: CoreParts<"groups" | "toldGroups">, group: GroupId): ArchivedGroup {
  const { name, members, createdAtMs } = groups.get(group)?.view.record ??
    toldGroups.get(group) ?? { name: "", members: [], createdAtMs: 0 };
  return { name, members, createdAtMs };
}

async function nextOf(params: Place & { before: TimelineKey }): Promise<Found | undefined> {
  for await (const found of readBack(params)) return found;
  return undefined;
}

/** Reads what belongs into an archive, from a place of the timeline back. */
async function* readBack(params: Place & { before: TimelineKey }): AsyncGenerator<Found> {
  const { database, group, before } = params;
  for await (const { value } of readRecords({ database, group, after: before, reverse: true })) {
    const message = await archivedOf({ database, group, record: value });
    if (message) yield { key: keyOf(value), message };
  }
}

/**
 * What counted for this client, or was told to it. What was deleted is left out, with the edits of it and the reactions
 * to it; the deletion itself goes along.
 */
async function archivedOf(params: Place & { record: TimelineRecord }): Promise<ArchivedMessage | undefined> {
  const { record } = params;
  if (record.kind !== "message" || isGone(record) || record.isExpired) return undefined;
  const [{ epoch, entry, verdict }] = record.openings;
  const expiresAtMs = record.expiry?.atMs;
  if (verdict !== "counts" && verdict !== "told") return undefined;
  const { id, content } = record;
  const { relation } = content;
  const says = relation?.target && !isStanding(content) && relation.kind !== relationKinds.delete;
  const target = says ? await readMessage({ ...params, id: relation.target }) : undefined;
  if (target && isGone(target)) return undefined;
  return { id, content, epoch, entry, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
}

function isGone({ deleted, isHidden }: MessageRecord): boolean {
  return deleted || isHidden === true;
}
