import { directKindOf } from "../../reconciler/view/directs.ts";
import { directIdOf } from "../../wire/groupKind.ts";
import type { ConversationId, GroupId } from "../../wire/ids.ts";
import type { CoreParts } from "./core.ts";
import type { Group } from "./group.ts";

/** Gives the id of the conversation that a group belongs to: a direct one, or the group itself. */
export function conversationOf(
  core: CoreParts<"self">,
  { id, view }: Pick<Group, "id" | "view">,
): ConversationId {
  const direct = directKindOf(view.record, core.self.inbox);
  return direct ? directIdOf(direct) : id;
}

/** Lists the groups of a conversation: one, or all that two people have founded to talk directly. */
export function groupsOf(core: CoreParts<"groups" | "self">, conversation: ConversationId): Group[] {
  const group = core.groups.get(conversation as GroupId);
  if (group) return [group];
  return [...core.groups.values()].filter((one) => conversationOf(core, one) === conversation);
}
