import type { InboxId } from "../../wire/ids.ts";
import { consentTo, isBlocked } from "./consent.ts";
import type { CoreParts } from "./core.ts";
import type { ClientEvent } from "./events.ts";

/** True for an event that a person wants to hear: what is blocked is silent, and so are requests unless they are asked for. */
export function isHeard(params: {
  core: CoreParts<"asksConsent" | "consents" | "groups">;
  event: ClientEvent;
  /** True: what happens in requests is heard, too. */
  requests: boolean;
}): boolean {
  const { core, event, requests } = params;
  if (event.kind === "consent" || !("group" in event)) return true;
  const group = core.groups.get(event.group);
  if (!group) return true;
  const consent = consentTo(core, group.view.record);
  if (consent === "blocked" || (consent === "unknown" && !requests)) return false;
  const author = authorOf(event);
  return author === undefined || !isBlocked(core, author);
}

function authorOf(event: ClientEvent): InboxId | undefined {
  if (event.kind === "silent") return event.message.author;
  if (event.kind !== "shown" && event.kind !== "hidden") return undefined;
  return event.item.kind === "message" ? event.item.author : undefined;
}
