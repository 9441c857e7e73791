import type { GroupRecord } from "../../reconciler/records/records.ts";
import type { InboxId } from "../../wire/ids.ts";
import type { Consent } from "../database/consents.ts";
import type { CoreParts } from "./core.ts";
import type { ClientEvent } from "./events.ts";

/**
 * Says how a person stands to a conversation: as was decided about it; for a request without a decision, as was decided
 * about the inbox that brought it.
 */
export function consentTo(
  { asksConsent, consents }: CoreParts<"asksConsent" | "consents">,
  { group, request }: Pick<GroupRecord, "group" | "request">,
): Consent {
  const decided = consents.groups.get(group) ?? "unknown";
  if (decided !== "unknown" || !request) return decided === "blocked" ? decided : "allowed";
  const toInbox = (request.by && consents.inboxes.get(request.by)) ?? "unknown";
  return toInbox === "unknown" && !asksConsent ? "allowed" : toInbox;
}

/**
 * True if this client may say something in a conversation or change it by itself: not in a request, nor in one that is
 * blocked.
 */
export function mayAct(
  core: CoreParts<"asksConsent" | "consents">,
  { view }: { readonly view: { readonly record: GroupRecord } },
): boolean {
  return consentTo(core, view.record) === "allowed";
}

export function isBlocked({ consents }: CoreParts<"consents">, inbox: InboxId): boolean {
  return consents.inboxes.get(inbox) === "blocked";
}

export function consentEvent(
  core: CoreParts<"asksConsent" | "consents">,
  record: Pick<GroupRecord, "group" | "request">,
): ClientEvent {
  const { group, request } = record;
  return { kind: "consent", group, consent: consentTo(core, record), by: request?.by };
}
