import { WeftError } from "../errors.ts";
import { asId, type InboxId } from "../wire/ids.ts";
import { type Client, coreOf, groupsIn } from "./client.ts";
import { type Consent, consents } from "./database/consents.ts";
import { conversationOf } from "./group/conversation.ts";
import { type ConsentSubject, noteConsent } from "./group/noteConsent.ts";

/**
 * Notes that this person allows or blocks a conversation, or an inbox: its requests, and what it says anywhere.
 * `unknown` takes that back. What is blocked is received as before, and neither shown, counted nor told. Throws
 * `unknown-group`, `malformed` for what is no inbox id or no decision, and what a disk may say.
 */
export async function setConsent(
  params: { readonly client: Client; readonly consent: Consent } & ConsentSubject,
): Promise<void> {
  const core = coreOf(params.client);
  const { consent } = params;
  const about: ConsentSubject =
    "group" in params
      ? { group: conversationOf(core, groupsIn(core, params.group).groups[0]) }
      : { inbox: asId<InboxId>(params.inbox) };
  if (!consents.includes(consent)) {
    throw new WeftError({ code: "malformed", message: `no decision is called ${consent}` });
  }
  await noteConsent({ core, about, consent });
}
