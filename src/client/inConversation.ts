import { directKindOf } from "../reconciler/view/directs.ts";
import type { ConversationId, GroupId, MessageId } from "../wire/ids.ts";
import { groupsOf } from "./group/conversation.ts";
import type { ClientCore } from "./group/core.ts";
import { inTurn } from "./outbox/inTurn.ts";
import { knownMessage } from "./outbox/relate.ts";
import { writtenTo } from "./writtenTo.ts";

/**
 * Asks something of the group of a conversation that it is to be asked of: the group in which the message stands that
 * it is about, or else the one that is written to. Of two calls the first is asked first, also for an app that awaits
 * none of them. Of an unknown conversation it is asked as of a group that is not there.
 */
export async function inConversation<Result>(params: {
  core: ClientCore;
  conversation: ConversationId;
  /** The message that it is about. */
  about?: MessageId;
  ask: (group: GroupId) => Promise<Result>;
}): Promise<Result> {
  const { core, conversation, ask } = params;
  const known = conversation as GroupId;
  const group = core.groups.has(known) || groupsOf(core, conversation).length === 0 ? known : undefined;
  if (group !== undefined) return await inTurn({ core, group, ask: () => ask(group) });
  // The group's turn begins within the conversation's, and ends after it.
  const begun = await core.directs.run(async () => {
    const found = (await holderOf(params)) ?? (await writtenToIn(params));
    return { asked: inTurn({ core, group: found, ask: () => ask(found) }) };
  });
  return await begun.asked;
}

async function holderOf(params: {
  core: ClientCore;
  conversation: ConversationId;
  about?: MessageId;
}): Promise<GroupId | undefined> {
  const { core, conversation, about } = params;
  if (about === undefined) return undefined;
  for (const group of groupsOf(core, conversation)) {
    if (await knownMessage({ core, group, message: about })) return group.id;
  }
  return undefined;
}

async function writtenToIn(params: { core: ClientCore; conversation: ConversationId }): Promise<GroupId> {
  const { core, conversation } = params;
  for (const { view } of groupsOf(core, conversation)) {
    const direct = directKindOf(view.record, core.self.inbox);
    if (direct) return (await writtenTo({ core, other: direct.other })).group;
  }
  return conversation as GroupId;
}
