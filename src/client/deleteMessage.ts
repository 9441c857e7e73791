import type { Action } from "../reconciler/records/intent.ts";
import { messageIdOf } from "../wire/applicationMessage.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { Group } from "./group/group.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { readMessage } from "./messages/timelineStore.ts";
import { addFailedIntent, addIntent } from "./outbox/addIntent.ts";
import { composeNext } from "./outbox/composeNext.ts";

/**
 * Takes a message out of everybody's timeline: an own one by another message, somebody else's by an entry that the
 * chain orders, for which this client's inbox has to be a super admin. If the inbox is none and this client does not
 * know the message, the intent fails as `unknown-message`.
 */
export async function deleteMessage(params: {
  client: Client;
  group: GroupId;
  message: MessageId;
}): Promise<IntentHandle> {
  const { client, group: id, message } = params;
  const core = coreOf(client);
  const group = core.groups.get(id);
  const record = group && (await readMessage({ database: core.database, group: id, id: message }));
  const known = record?.content ?? unsealedContent(group, message);
  const action: Action = { kind: "delete", message, author: known?.inbox };
  if (!group) return await addFailedIntent({ core, group: id, action, reason: "not-a-member" });
  if (known && known.body.kind !== "text") {
    return await addFailedIntent({ core, group: id, action, reason: "unknown-message" });
  }
  if (known?.inbox !== core.self.inbox || record?.deleted) return await addIntent({ core, group, action });
  const content = await composeNext({ core, group, id, body: { kind: "delete-own", message } });
  return await addIntent({ core, group, action: { kind: "send", content, message: messageIdOf(content) } });
}

/** Finds the content of an own message that waits in the outbox; its deletion goes after it. */
function unsealedContent(group: Group | undefined, message: MessageId) {
  for (const { action } of group?.view.intents ?? []) {
    if (action.kind === "send" && action.message === message) return action.content;
  }
  return undefined;
}
