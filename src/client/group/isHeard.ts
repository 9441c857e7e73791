import type { GroupId, InboxId } from "../../wire/ids.ts";
import { consentTo, isBlocked } from "./consent.ts";
import type { CoreParts } from "./core.ts";

type Core = CoreParts<"asksConsent" | "consents" | "groups">;

/**
 * True for a conversation of which a person wants to hear: what is blocked is silent, and so are requests unless they
 * are asked for. Whether somebody may be heard in a conversation that this client is not in, its callers know.
 */
export function isHeard(params: {
  core: Core;
  group: GroupId;
  /** True: what happens in requests is heard, too. */
  requests: boolean;
}): boolean {
  const { core, group: id, requests } = params;
  const group = core.groups.get(id);
  if (!group) return true;
  const consent = consentTo(core, group.view.record);
  return consent === "allowed" || (consent === "unknown" && requests);
}

/** True if a message or an item of a timeline is by nobody who is blocked. */
export function isByHeard(core: Core, item: object): boolean {
  return !("author" in item) || !isBlocked(core, item.author as InboxId);
}
