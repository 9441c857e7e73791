import { type GroupId, toHex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { type ConversationState, conversationState } from "./database/conversationRecord.ts";
import { tables } from "./database/tables.ts";
import { type GroupSummary, listGroups } from "./listGroups.ts";

/** A group as a list of conversations shows it. */
export type ConversationSummary = Omit<GroupSummary, "membership"> &
  ConversationState & {
    /** `told`: this client was never in the group, another device of its inbox has told of it. */
    readonly membership: GroupSummary["membership"] | "told";
  };

/**
 * Lists all groups in the database, and those that another device has told of, with what is unread and what was said
 * last, the last active one first. It reads one
 * small record for each.
 */
export async function listConversations(params: { client: Client }): Promise<ConversationSummary[]> {
  const { database, groups, toldGroups } = coreOf(params.client);
  const states = new Map<GroupId, ConversationState>();
  for await (const { fields, value } of tables.conversation.rows(database)) {
    states.set(toHex(fields.group) as GroupId, conversationState(value));
  }
  const told = [...toldGroups.values()].filter(({ group }) => !groups.has(group));
  const toldOnly = told.map((group) => ({ ...group, membership: "told", epoch: 0 }) as const);
  const all = [...listGroups(params), ...toldOnly].map((group): ConversationSummary => {
    const { unread = 0, last, activeAtMs = group.createdAtMs } = states.get(group.group) ?? {};
    return { ...group, unread, last, activeAtMs };
  });
  return all.sort((a, b) => b.activeAtMs - a.activeAtMs);
}
