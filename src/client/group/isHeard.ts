import type { ConversationId, GroupId, InboxId } from "../../wire/ids.ts";
import { consentTo, isBlocked } from "./consent.ts";
import type { CoreParts } from "./core.ts";

type Core = CoreParts<"asksConsent" | "consents" | "groups" | "self">;

/**
 * True for a conversation of which a person wants to hear: what is blocked is silent, and so are requests unless they
 * are asked for. Whether somebody may be heard in a conversation that this client is not in, its callers know.
 */
export function isHeard(params: {
  core: Core;
  group: ConversationId;
  /** True: what happens in requests is heard, too. */
  requests: boolean;
}): boolean {
  const { core, group: id, requests } = params;
  const group = core.groups.get(id as GroupId);
  if (!group) return true;
  if (group.view.record.closed?.kind === "own") return false;
  const consent = consentTo(core, group.view.record);
  return consent === "allowed" || (consent === "unknown" && requests);
}

/** True if a message or an item of a timeline is by nobody who is blocked. */
export function isByHeard(core: Core, item: object): boolean {
  return !("author" in item) || !isBlocked(core, item.author as InboxId);
}
