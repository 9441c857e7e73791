import { type GroupId, toHex } from "../wire/ids.ts";
import { noteKinds } from "../wire/notes.ts";
import { type Client, coreOf } from "./client.ts";
import type { Consent } from "./database/consents.ts";
import { type ConversationState, conversationState } from "./database/conversationRecord.ts";
import { tables } from "./database/tables.ts";
import { consentTo } from "./group/consent.ts";
import type { CoreParts } from "./group/core.ts";
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
    /** What the person has begun to write; undefined: nothing. */
    readonly draft: string | undefined;
  };

/**
 * Lists conversations with what is unread and what was said last, the last active one first: those that the person
 * allows, or else the requests (`unknown`) or those that are blocked. Groups that another device has told of are listed
 * with them. It reads one small record for each group.
 */
export async function listConversations(params: {
  client: Client;
  consent?: Consent;
}): Promise<ConversationSummary[]> {
  const { client, consent = "allowed" } = params;
  const core = coreOf(client);
  const states = new Map<GroupId, ConversationState>();
  for await (const { fields, value } of tables.conversation.rows(core.database)) {
    states.set(toHex(fields.group) as GroupId, conversationState(value));
  }
  const drafts = await readDrafts(core);
  const all = [...listGroups({ client }), ...listTold(core)].filter((group) => group.consent === consent);
  const rows = all.map((group): ConversationSummary => {
    const { unread = 0, last, activeAtMs = group.createdAtMs } = states.get(group.group) ?? {};
    const draft = drafts.get(group.conversation);
    return { ...group, unread, last, activeAtMs, groups: [group.group], draft };
  });
  return mergeDirects(core, rows).sort((a, b) => b.activeAtMs - a.activeAtMs);
}

function listTold(core: CoreParts<"asksConsent" | "consents" | "groups" | "self" | "toldGroups">) {
  const told = [...core.toldGroups.values()].filter(({ group }) => !core.groups.has(group));
  return told.map((group) => {
    const kind = { kind: "group", conversation: group.group, other: undefined } as const;
    const consent = consentTo(core, { group: group.group, request: undefined });
    return { ...group, ...kind, membership: "told", epoch: 0, consent, requestedBy: undefined } as const;
  });
}

async function readDrafts({ database }: CoreParts<"database">): Promise<Map<string, string>> {
  const decoder = new TextDecoder();
  const drafts = new Map<string, string>();
  for await (const { fields, value } of tables.note.rows(database, { under: { kind: noteKinds.draft } })) {
    if (value.value.length > 0) drafts.set(toHex(fields.subject), decoder.decode(value.value));
  }
  return drafts;
}
