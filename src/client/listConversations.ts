import { type GroupId, toHex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { type ConversationState, conversationState } from "./database/conversationRecord.ts";
import { tables } from "./database/tables.ts";
import { type GroupSummary, listGroups } from "./listGroups.ts";
import { mergeDirects } from "./mergeDirects.ts";

/**
 * A conversation as a list shows it: a group, or all groups of a direct conversation as one. What is said of a group is
 * of the one that is written to, the first of `groups`.
 */
export type ConversationSummary = Omit<GroupSummary, "membership"> &
  ConversationState & {
    /** `told`: this client was never in the group, another device of its inbox has told of it. */
    readonly membership: GroupSummary["membership"] | "told";
    readonly groups: readonly [GroupId, ...GroupId[]];
  };

/**
 * Lists all conversations in the database, and those that another device has told of, with what is unread and what was
 * said last, the last active one first. It reads one small record for each group.
 */
export async function listConversations(params: { client: Client }): Promise<ConversationSummary[]> {
  const core = coreOf(params.client);
  const states = new Map<GroupId, ConversationState>();
  for await (const { fields, value } of tables.conversation.rows(core.database)) {
    states.set(toHex(fields.group) as GroupId, conversationState(value));
  }
  const told = [...core.toldGroups.values()].filter(({ group }) => !core.groups.has(group));
  const toldOnly = told.map((one) => {
    const kind = { kind: "group", conversation: one.group, other: undefined } as const;
    return { ...one, ...kind, membership: "told", epoch: 0 } as const;
  });
  const all = [...listGroups(params), ...toldOnly].map((group): ConversationSummary => {
    const { unread = 0, last, activeAtMs = group.createdAtMs } = states.get(group.group) ?? {};
    return { ...group, unread, last, activeAtMs, groups: [group.group] };
  });
  return mergeDirects(core, all).sort((a, b) => b.activeAtMs - a.activeAtMs);
}
