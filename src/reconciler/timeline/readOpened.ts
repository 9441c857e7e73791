import { type ApplicationMessageReading, readApplicationMessage } from "../../wire/applicationMessage.ts";
import type { GroupId } from "../../wire/ids.ts";
import { PARTS_VERSION } from "../../wire/limits.ts";
import type { Member } from "../policy/roleOf.ts";
import type { MessageRefusal } from "../records/outcome.ts";

/** Reads a plaintext and checks that it speaks for whoever sealed it: the leaf in the tree of its own epoch. */
export function readOpened(params: {
  plaintext: Uint8Array;
  group: GroupId;
  sender: Member;
  /** Of the protocol, by the context of its epoch. */
  version: number;
}):
  | Extract<ApplicationMessageReading, { kind: "message" }>
  | { readonly kind: "confirmation" }
  | { readonly kind: "refused"; readonly reason: MessageRefusal } {
  // Says nothing but that its sender follows the epoch.
  if (params.plaintext.length === 0) return { kind: "confirmation" };
  const reading = readApplicationMessage(params.plaintext);
  if (reading.kind === "refused") return reading;
  const { group, inbox, installation, version } = reading.content;
  // Members who know no later version would not have it.
  if (params.version < PARTS_VERSION && version !== 1) return { kind: "refused", reason: "malformed" };
  if (group !== params.group) return { kind: "refused", reason: "wrong-group" };
  const speaksForItself = inbox === params.sender.inbox && installation === params.sender.installation;
  return speaksForItself ? reading : { kind: "refused", reason: "wrong-author" };
}
