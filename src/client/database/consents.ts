import type { Database } from "../../store/openDatabase.ts";
import { type ConversationId, type Hex, type InboxId, toHex } from "../../wire/ids.ts";
import { noteKinds } from "../../wire/notes.ts";
import { tables } from "./tables.ts";

/**
 * What a person has decided about a conversation or an inbox. `unknown`: nothing; a conversation that somebody else has
 * brought is a request then.
 */
export type Consent = "unknown" | "allowed" | "blocked";

/** What the person has decided, by conversation and by inbox. */
export type Consents = {
  conversations: ReadonlyMap<ConversationId, Consent>;
  inboxes: ReadonlyMap<InboxId, Consent>;
};

/** By the byte that stands for each in a note. */
export const consents: readonly Consent[] = ["unknown", "allowed", "blocked"];

export function consentBytes(consent: Consent): Uint8Array {
  return Uint8Array.of(consents.indexOf(consent));
}

/** Reads the value of a note; bytes of another form stand for no decision. */
export function readConsent(value: Uint8Array): Consent {
  return (value.length === 1 ? consents[value[0] ?? 0] : undefined) ?? "unknown";
}

/** Reads all decisions from the database. */
export async function loadConsents(database: Database): Promise<Consents> {
  const read = async <Id extends Hex>(kind: number): Promise<ReadonlyMap<Id, Consent>> => {
    const found = new Map<Id, Consent>();
    for await (const { fields, value } of tables.note.rows(database, { under: { kind } })) {
      found.set(toHex(fields.subject) as Id, readConsent(value.value));
    }
    return found;
  };
  return {
    conversations: await read<ConversationId>(noteKinds.conversationConsent),
    inboxes: await read<InboxId>(noteKinds.inboxConsent),
  };
}
