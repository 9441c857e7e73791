import type { IntentReason } from "../reconciler/policy/reasons.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import type { ConversationId, GroupId, MessageId } from "../wire/ids.ts";
import type { Part } from "../wire/part.ts";
import { relationKinds } from "../wire/relation.ts";
import { addFailedSend, addSend, type SendHandle, type SendingCore } from "./addSend.ts";
import { type Client, coreOf } from "./client.ts";
import { inConversation } from "./inConversation.ts";
import { knownMessage, relate } from "./outbox/relate.ts";
import { partsOf, type Saying } from "./sendMessage.ts";

/**
 * Replaces what a message of this client's own inbox shows, for everybody who sees it; the last edit wins, whatever
 * order they come in. The intent fails as `unknown-message`, `not-permitted` for somebody else's, or `deleted`. Throws
 * as `sendMessage` does.
 */
export async function editMessage(
  params: { client: Client; group: ConversationId; message: MessageId } & Saying,
): Promise<SendHandle> {
  const core = coreOf(params.client);
  const { group: conversation, message } = params;
  const parts = partsOf(params);
  const ask = (group: GroupId) => edit({ core, group, message, parts });
  return await inConversation({ core, conversation, about: message, ask });
}

async function edit(params: {
  core: SendingCore;
  group: GroupId;
  message: MessageId;
  parts: readonly Part[];
}): Promise<SendHandle> {
  const { core, group: id, message, parts } = params;
  const group = core.groups.get(id);
  const known = group && (await knownMessage({ core, group, message }));
  const fail = (reason: IntentReason) => addFailedSend({ core, group: id, body: { parts }, reason });
  if (!group) return await fail("not-a-member");
  if (!known || !isShown(known.content)) return await fail("unknown-message");
  if (known.content.inbox !== core.self.inbox) return await fail("not-permitted");
  if (known.deleted) return await fail("deleted");
  const relation = await relate({ core, group, kind: relationKinds.edit, target: message });
  return await addSend({ core, group: id, body: { relation, parts } });
}
