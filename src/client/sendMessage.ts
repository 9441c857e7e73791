import type { ConversationId, MessageId } from "../wire/ids.ts";
import { type Part, textPart } from "../wire/part.ts";
import { relationKinds } from "../wire/relation.ts";
import { addSend, type SendHandle } from "./addSend.ts";
import { type Client, coreOf } from "./client.ts";
import { inConversation } from "./inConversation.ts";

/** What a message shows: a text, parts, or a text and then parts. */
export type Saying =
  | { readonly text: string; readonly parts?: readonly Part[] }
  | { readonly parts: readonly Part[] };

/**
 * Says something in a conversation, in answer to another message if `replyTo` names one. It is in the outbox, with its final
 * id, when this returns, offline too; it is sealed when its turn comes. Throws `too-large` for more than
 * MAX_CONTENT_BYTES, `malformed` for a part that breaks a bound of its layout or a text that has no UTF-8, `disk-full`
 * and what else a disk may say.
 */
export async function sendMessage(
  params: { client: Client; group: ConversationId; replyTo?: MessageId } & Saying,
): Promise<SendHandle> {
  const { client, group: conversation, replyTo: target } = params;
  const relation = target && { kind: relationKinds.reply, target, revision: 1 };
  const body = { parts: partsOf(params), ...(relation ? { relation } : {}) };
  const core = coreOf(client);
  return await inConversation({ core, conversation, ask: (group) => addSend({ core, group, body }) });
}

/** The parts of what is to be said. */
export function partsOf(saying: Saying): readonly Part[] {
  return "text" in saying ? [textPart(saying.text), ...(saying.parts ?? [])] : saying.parts;
}
