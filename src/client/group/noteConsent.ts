import { directKindOf } from "../../reconciler/view/directs.ts";
import type { ConversationId, InboxId } from "../../wire/ids.ts";
import { noteKinds } from "../../wire/notes.ts";
import { type Consent, consentBytes } from "../database/consents.ts";
import { consentEvent, isBlocked } from "./consent.ts";
import { conversationOf } from "./conversation.ts";
import type { ChangingCore, CoreParts } from "./core.ts";
import type { Group } from "./group.ts";
import { writeNotes } from "./notes.ts";
import { recountConversation } from "./recountConversation.ts";

/** A conversation, or an inbox: whoever it is, in all conversations. */
export type ConsentSubject = { readonly group: ConversationId } | { readonly inbox: InboxId };

type Core = ChangingCore & CoreParts<"asksConsent" | "groups" | "notes">;

/** Notes what the person has decided, and lets all that depends on it follow. Throws what a disk may say. */
export async function noteConsent(params: {
  core: Core;
  about: ConsentSubject;
  consent: Consent;
}): Promise<void> {
  const { core, about, consent } = params;
  const place =
    "group" in about
      ? { kind: noteKinds.conversationConsent, subject: about.group }
      : { kind: noteKinds.inboxConsent, subject: about.inbox };
  const notes = [{ ...place, value: consentBytes(consent) }];
  await writeNotes({ core, notes, after: () => takeConsent(params) });
  await recountBy(params);
}

/** Lets memory, events and loops follow a decision that is on disk. */
export function takeConsent({
  core,
  about,
  consent,
}: {
  core: Core;
  about: ConsentSubject;
  consent: Consent;
}): void {
  const { consents, events } = core;
  if ("group" in about) consents.conversations = new Map([...consents.conversations, [about.group, consent]]);
  else {
    consents.inboxes = new Map([...consents.inboxes, [about.inbox, consent]]);
    events.emit({ kind: "consent", inbox: about.inbox, consent });
  }
  for (const group of core.groups.values()) {
    const { record } = group.view;
    if (!isAbout({ core, group, about })) continue;
    events.emit(consentEvent(core, record));
    group.upkeepWakeup.wake();
    group.rotationWakeup.wake();
  }
}

/** True for a group of the conversation, or one that the inbox has brought or is talked to in. */
function isAbout(params: { core: CoreParts<"self">; group: Group; about: ConsentSubject }): boolean {
  const { core, group, about } = params;
  if ("group" in about) return conversationOf(core, group) === about.group;
  const { record } = group.view;
  return record.request?.by === about.inbox || directKindOf(record, core.self.inbox)?.other === about.inbox;
}

/** Counts anew what is unread and last where somebody is heard no more, or again. */
export async function recountBy(params: { core: Core; about: ConsentSubject }): Promise<void> {
  const { core, about } = params;
  if ("group" in about) return;
  const concerned = [...core.groups.values()].filter((group: Group) =>
    group.view.record.members.includes(about.inbox),
  );
  const isLeftOut = (inbox: InboxId): boolean => isBlocked(core, inbox);
  for (const group of concerned) await recountConversation({ core, group, isLeftOut });
}
