import { isWaitingPlace, waitingItem } from "../reconciler/intents/waitingItem.ts";
import type { Outcome } from "../reconciler/records/outcome.ts";
import type { TimelineKey } from "../reconciler/records/timelineRecord.ts";
import {
  cursorOf,
  type SilentMessage,
  showRecord,
  silentMessage,
  type TimelineItem,
} from "../reconciler/timeline/timelineItem.ts";
import type { ConversationId, EntryId, EnvelopeHash, GroupId, Hex, InboxId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { Consent } from "./database/consents.ts";
import { type ConversationState, conversationState } from "./database/conversationRecord.ts";
import type { JournalEvent } from "./database/journalRecord.ts";
import { tables } from "./database/tables.ts";
import { followJournal, type Reading } from "./followJournal.ts";
import { consentEvent } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
import type { Notice } from "./group/events.ts";
import { isByHeard, isHeard } from "./group/isHeard.ts";
import { type ListedEntry, listedEntry } from "./listEntries.ts";
import { type IntentSummary, summaryOf } from "./listIntents.ts";
import { readMessage } from "./messages/readMessage.ts";

/** What has changed on this device, as it is when it is told. */
export type Change = {
  readonly group: GroupId;
} /** Put it at its cursor's place; it may replace an item of the same place. `isNew`: somebody else's message came. */ & (
  | { readonly kind: "shown"; readonly item: TimelineItem; readonly isNew?: true }
  /** Take away what stood at this cursor. */
  | { readonly kind: "hidden"; readonly cursor: Hex }
  /**
   * A message came of a silent kind that this version does not know: it is in the timeline's digest and nowhere shown.
   * It may be told again.
   */
  | { readonly kind: "silent"; readonly message: SilentMessage }
  /** What a list of conversations shows of the group. */
  | ({ readonly kind: "conversation" } & ConversationState)
  /** A member says to have read a conversation up to this cursor. */
  | { readonly kind: "read"; readonly inbox: InboxId; readonly upTo: Hex }
  /** It came as a request, or the person has decided about it; `by`: whose request it is. */
  | { readonly kind: "consent"; readonly consent: Consent; readonly by: InboxId | undefined }
  /** Name, members, epoch or status changed; read `groupStatus`. */
  | { readonly kind: "group" }
  /** What became of an envelope, unless it simply was opened: it is held, a gap, rejected, or no longer so. */
  | { readonly kind: "outcome"; readonly envelope: EnvelopeHash; readonly outcome: Outcome }
  /** An entry was read or judged anew. */
  | { readonly kind: "entry"; readonly entry: ListedEntry }
  /** A reorganization took the entry from the chain. */
  | { readonly kind: "entry-gone"; readonly entry: EntryId }
  /** How far something is that the app asked for: queued, sealed or staged, acknowledged, delivered or failed. */
  | { readonly kind: "intent"; readonly intent: IntentSummary }
);

/** A change with its number on this device, or something that is told once and not kept. */
export type StreamedEvent =
  | (Change & { readonly number: number })
  | Notice
  /** Changes are gone that the reader does not have: list anew what is shown. What is kept of them follows. */
  | { readonly kind: "missed" };

/**
 * Yields what changes, in all groups or one, and notices between; everything told is in the database already. What is
 * blocked is silent; requests are told of if `requests` says so or one is named. The
 * reading begins
 *
 * - where the named `consumer` was, if this device knows it;
 * - otherwise after the change with the number `since`, if that is given (0: with all that are kept);
 * - otherwise now.
 *
 * Each change is told as it is by then, so what was told last of a thing is how it is. The last JOURNAL_KEPT changes are
 * kept; a reader who lacks others hears `missed` first. A consumer's place is kept on this device and moves on when the
 * loop asks for the next event, so what was being worked on when the program ended comes again (at least once). Ends
 * when the signal aborts or the client closes. Throws `bad-cursor` for a `since` that is no number, and faults of the
 * disk.
 */
export async function* stream(params: Reading & { client: Client }): AsyncGenerator<StreamedEvent, void> {
  const { client, ...reading } = params;
  const core = coreOf(client);
  const { requests = params.group !== undefined } = params;
  const isWanted = (about: { readonly kind: string; readonly group: ConversationId }) =>
    about.kind === "consent" || isHeard({ core, group: about.group, requests });
  const read = async ({ group, event }: Noted) =>
    isWanted({ group, kind: event.kind }) ? await readChange({ core, group, event }) : undefined;
  for await (const told of followJournal({ ...reading, core, read })) {
    if (told.kind === "notice") {
      if (!("group" in told.notice) || isWanted(told.notice)) yield told.notice;
    } else if (told.kind === "missed") yield told;
    else yield { ...told.change, number: told.number };
  }
}

type Noted = { readonly group: GroupId; readonly event: JournalEvent };

/** Reads what a event names as it is now; nothing if it is there no more, which a later event says. */
async function readChange(
  params: Noted & { core: CoreParts<"asksConsent" | "consents" | "database" | "groups" | "self"> },
): Promise<Change | undefined> {
  const { core, group, event } = params;
  const { database } = core;
  switch (event.kind) {
    case "group":
      return { kind: "group", group };
    case "hidden":
      return { kind: "hidden", group, cursor: cursorOf(event.key) };
    case "shown": {
      const item = await readItem(params, event.key);
      if (!item || !isByHeard(core, item)) return undefined;
      return { kind: "shown", group, item, ...(event.isNew ? { isNew: true } : {}) };
    }
    case "silent": {
      const record = await readMessage({ database, group, id: event.message });
      const message = record && silentMessage(record);
      return message && isByHeard(core, message) ? { kind: "silent", group, message } : undefined;
    }
    case "consent": {
      const known = core.groups.get(group);
      return known && consentEvent(core, known.view.record);
    }
    case "conversation": {
      const record = await tables.conversation.get(database, { group });
      return record && { kind: "conversation", group, ...conversationState(record) };
    }
    case "read": {
      const { inbox } = event;
      const reader = await tables.reader.get(database, { group, inbox });
      return reader && { kind: "read", group, inbox, upTo: cursorOf(reader.upTo) };
    }
    case "outcome": {
      const { envelope } = event;
      const record = await tables.outcome.get(database, { group, envelope });
      return record && { kind: "outcome", group, envelope, outcome: record.outcome };
    }
    case "entry": {
      const record = await tables.entry.get(database, { group, id: event.entry });
      if (!record) return { kind: "entry-gone", group, entry: event.entry };
      return { kind: "entry", group, entry: listedEntry(record) };
    }
    case "intent": {
      const intent = await tables.outbox.get(database, { sequence: event.sequence });
      return intent && { kind: "intent", group, intent: summaryOf(intent) };
    }
  }
}

/** Reads what stands at a place of the timeline, or waits behind it. */
async function readItem(
  { core, group }: Noted & { core: CoreParts<"database"> },
  key: TimelineKey,
): Promise<TimelineItem | undefined> {
  if (isWaitingPlace(key)) {
    const intent = await tables.outbox.get(core.database, { sequence: key.rank });
    return intent && waitingItem(intent);
  }
  const record = await tables.timeline.get(core.database, { group, ...key });
  return record && showRecord(record);
}
