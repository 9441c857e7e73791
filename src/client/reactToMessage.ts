import { WeftError } from "../errors.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import { utf8 } from "../wire/bytes.ts";
import { type GroupId, type MessageId, toHex } from "../wire/ids.ts";
import { textPart } from "../wire/part.ts";
import { relationKinds } from "../wire/relation.ts";
import { addFailedSend, addSend, type SendHandle } from "./addSend.ts";
import { type Client, coreOf } from "./client.ts";
import { knownMessage, relate } from "./outbox/relate.ts";

/**
 * Sets a reaction of this client's inbox to a message, or takes it back. Each text is a reaction of its own, and two
 * devices of one person set the same one once. The intent fails as `unknown-message` or `deleted`. Throws `malformed`
 * for a text that is empty, longer than 64 bytes of UTF-8 or has no UTF-8.
 */
export async function reactToMessage(params: {
  client: Client;
  group: GroupId;
  message: MessageId;
  /** Commonly one emoji. */
  text: string;
  /** Takes it back. */
  takeBack?: boolean;
}): Promise<SendHandle> {
  const { client, group: id, message, text, takeBack = false } = params;
  const core = coreOf(client);
  const group = core.groups.get(id);
  const shown = textPart(text);
  if (text === "") throw new WeftError({ code: "malformed", message: "a reaction has a text" });
  const parts = takeBack ? [] : [shown];
  const known = group && (await knownMessage({ core, group, message }));
  if (!group) return await addFailedSend({ core, group: id, body: { parts }, reason: "not-a-member" });
  if (!known || !isShown(known.content)) {
    return await addFailedSend({ core, group: id, body: { parts }, reason: "unknown-message" });
  }
  if (known.deleted) return await addFailedSend({ core, group: id, body: { parts }, reason: "deleted" });
  const relation = await relate({
    ...{ core, group, kind: relationKinds.react, target: message },
    key: toHex(utf8(text)),
  });
  return await addSend({ core, group: id, body: { relation, parts } });
}
