import { type ReadableItem, showReadable } from "../reconciler/timeline/timelineItem.ts";
import type { GroupId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { JournalEvent } from "./database/journalRecord.ts";
import { followJournal, type Reading } from "./followJournal.ts";
import { isBlocked } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import { isHeard } from "./group/isHeard.ts";
import { readRecord } from "./messages/readMessage.ts";

/** A message of somebody else's, as it stands now, with its number on this device. */
export type ArrivedMessage = ReadableItem & {
  readonly group: GroupId;
  /** Grows from message to message in the order in which they came here; `since` takes it. */
  readonly number: number;
};

/**
 * Yields the messages of others as they come, each once: what a bot wants. Edits, reactions and messages that were
 * deleted before they were read are no messages of their own; nor is what is blocked, or what came in a request unless
 * `requests` says so or it is named. It is `stream` without all else: begins where that would,
 * keeps a consumer's place as that does, and has the same numbers. `onMissed` is called if changes that the reader does
 * not have are kept no more: messages may be among them. Ends when the signal aborts or the client closes. Throws
 * `bad-cursor` for a `since` that is no number, and faults of the disk.
 */
export async function* messages(
  params: Reading & { client: Client; onMissed?: () => void },
): AsyncGenerator<ArrivedMessage, void> {
  const { client, onMissed, ...reading } = params;
  const core = coreOf(client);
  const { requests = params.group !== undefined } = params;
  const read = async (noted: Noted) =>
    isHeard({ core, group: noted.group, requests }) ? await readArrived({ core, ...noted }) : undefined;
  for await (const told of followJournal({ ...reading, core, read })) {
    if (told.kind === "missed") onMissed?.();
    if (told.kind === "change") yield { ...told.change, number: told.number };
  }
}

type Noted = { readonly group: GroupId; readonly event: JournalEvent };

async function readArrived(params: Noted & { core: CoreParts<"consents" | "database"> }) {
  const { core, group, event } = params;
  if (event.kind !== "shown" || !event.isNew) return undefined;
  const record = await readRecord({ database: core.database, group, id: event.key.id });
  const message = record && showReadable(record);
  return message && !isBlocked(core, message.author) ? { ...message, group } : undefined;
}
