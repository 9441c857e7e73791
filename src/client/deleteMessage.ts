import type { Action } from "../reconciler/records/intent.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import type { ConversationId, GroupId, MessageId } from "../wire/ids.ts";
import { relationKinds } from "../wire/relation.ts";
import { addSend, type SendingCore } from "./addSend.ts";
import { type Client, coreOf } from "./client.ts";
import { allowByActing } from "./group/allowByActing.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { inConversation } from "./inConversation.ts";
import { addFailedIntent, addIntent } from "./outbox/addIntent.ts";
import { knownMessage, relate } from "./outbox/relate.ts";

/**
 * Takes a message out of everybody's timeline: an own one by another message, somebody else's by an entry that the
 * chain orders, for which this client's inbox has to be a super admin. If the inbox is none and this client does not
 * know the message, the intent fails as `unknown-message`.
 */
export async function deleteMessage(params: {
  client: Client;
  group: ConversationId;
  message: MessageId;
}): Promise<IntentHandle> {
  const { client, group: conversation, message } = params;
  const core = coreOf(client);
  const ask = (group: GroupId) => deleteInTurn({ core, group, message });
  return await inConversation({ core, conversation, about: message, ask });
}

async function deleteInTurn(params: {
  core: SendingCore;
  group: GroupId;
  message: MessageId;
}): Promise<IntentHandle> {
  const { core, group: id, message } = params;
  const group = core.groups.get(id);
  const known = group && (await knownMessage({ core, group, message }));
  const author = known?.content.inbox;
  const action: Action = { kind: "delete", message, author };
  if (!group) return await addFailedIntent({ core, group: id, action, reason: "not-a-member" });
  if (known && !isShown(known.content)) {
    return await addFailedIntent({ core, group: id, action, reason: "unknown-message" });
  }
  if (author !== core.self.inbox || known?.deleted) {
    await allowByActing({ core, group });
    return await addIntent({ core, group, action });
  }
  const relation = await relate({ core, group, kind: relationKinds.delete, target: message });
  return await addSend({ core, group: id, body: { relation, parts: [] } });
}
