import { WeftError } from "../errors.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import { utf8 } from "../wire/bytes.ts";
import { type ConversationId, type GroupId, type Hex, type MessageId, toHex } from "../wire/ids.ts";
import { type Part, textPart } from "../wire/part.ts";
import { relationKinds } from "../wire/relation.ts";
import { addFailedSend, addSend, type SendHandle, type SendingCore } from "./addSend.ts";
import { type Client, coreOf } from "./client.ts";
import { inConversation } from "./inConversation.ts";
import { knownMessage, relate } from "./outbox/relate.ts";

/**
 * Sets a reaction of this client's inbox to a message, or takes it back. Each text is a reaction of its own, and two
 * devices of one person set the same one once. The intent fails as `unknown-message` or `deleted`. Throws `malformed`
 * for a text that is empty, longer than 64 bytes of UTF-8 or has no UTF-8.
 */
export async function reactToMessage(params: {
  client: Client;
  group: ConversationId;
  message: MessageId;
  /** Commonly one emoji. */
  text: string;
  /** Takes it back. */
  takeBack?: boolean;
}): Promise<SendHandle> {
  const { client, group: conversation, message, text, takeBack = false } = params;
  const core = coreOf(client);
  const shown = textPart(text);
  if (text === "") throw new WeftError({ code: "malformed", message: "a reaction has a text" });
  const parts = takeBack ? [] : [shown];
  const key = toHex(utf8(text));
  const ask = (group: GroupId) => react({ core, group, message, key, parts });
  return await inConversation({ core, conversation, about: message, ask });
}

async function react(params: {
  core: SendingCore;
  group: GroupId;
  message: MessageId;
  key: Hex;
  parts: readonly Part[];
}): Promise<SendHandle> {
  const { core, group: id, message, key, parts } = params;
  const group = core.groups.get(id);
  const known = group && (await knownMessage({ core, group, message }));
  if (!group) return await addFailedSend({ core, group: id, body: { parts }, reason: "not-a-member" });
  if (!known || !isShown(known.content)) {
    return await addFailedSend({ core, group: id, body: { parts }, reason: "unknown-message" });
  }
  if (known.deleted) return await addFailedSend({ core, group: id, body: { parts }, reason: "deleted" });
  const relation = await relate({ core, group, kind: relationKinds.react, target: message, key });
  return await addSend({ core, group: id, body: { relation, parts } });
}
