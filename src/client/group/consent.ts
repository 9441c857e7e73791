import type { GroupRecord } from "../../reconciler/records/records.ts";
import { directKindOf } from "../../reconciler/view/directs.ts";
import { directIdOf } from "../../wire/groupKind.ts";
import type { GroupId, InboxId } from "../../wire/ids.ts";
import type { Consent } from "../database/consents.ts";
import type { CoreParts } from "./core.ts";
import type { Notice } from "./events.ts";

type Record = Pick<GroupRecord, "group" | "request" | "closed">;
type Core = CoreParts<"asksConsent" | "consents" | "self">;

/**
 * Says how a person stands to a group's conversation: as was decided about it, and blocked if it is a direct one with
 * somebody who is; for a request without a decision, as was decided about the inbox that brought it.
 */
export function consentTo({ asksConsent, consents, self }: Core, record: Record): Consent {
  const { group, request } = record;
  const direct = directKindOf(record, self.inbox);
  if (direct && consents.inboxes.get(direct.other) === "blocked") return "blocked";
  const decided = consents.conversations.get(direct ? directIdOf(direct) : group) ?? "unknown";
  if (decided !== "unknown" || !request) return decided === "blocked" ? decided : "allowed";
  const toInbox = (request.by && consents.inboxes.get(request.by)) ?? "unknown";
  return toInbox === "unknown" && !asksConsent ? "allowed" : toInbox;
}

/**
 * True if this client may say something in a conversation or change it by itself: not in a request, nor in one that is
 * blocked.
 */
export function mayAct(core: Core, { view }: { readonly view: { readonly record: GroupRecord } }): boolean {
  return consentTo(core, view.record) === "allowed";
}

export function isBlocked({ consents }: CoreParts<"consents">, inbox: InboxId): boolean {
  return consents.inboxes.get(inbox) === "blocked";
}

export function consentEvent(
  core: Core,
  record: Record,
): Extract<Notice, { kind: "consent"; group: GroupId }> {
  const { group, request } = record;
  return { kind: "consent", group, consent: consentTo(core, record), by: request?.by };
}
