import { WeftError } from "../../errors.ts";
import { consentTo } from "./consent.ts";
import { conversationOf } from "./conversation.ts";
import type { ChangingCore, CoreParts } from "./core.ts";
import type { Group } from "./group.ts";
import { noteConsent } from "./noteConsent.ts";

/** Allows a request, since its person is about to act in it. Throws `blocked`, and what a disk may say. */
export async function allowByActing(params: {
  core: ChangingCore & CoreParts<"asksConsent" | "groups" | "notes">;
  group: Group;
}): Promise<void> {
  const { core, group } = params;
  const consent = consentTo(core, group.view.record);
  if (consent === "blocked") {
    throw new WeftError({ code: "blocked", message: `this conversation is blocked: ${group.id}` });
  }
  const about = { group: conversationOf(core, group) };
  if (consent === "unknown") await noteConsent({ core, about, consent: "allowed" });
}
