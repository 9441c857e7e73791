import { messageIdOf, writeApplicationMessage } from "../wire/applicationMessage.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { addFailedIntent, addIntent } from "./outbox/addIntent.ts";
import { composeNext } from "./outbox/composeNext.ts";
import { untilReopened } from "./recoverStorage.ts";

/**
 * Says something to a group. The message is in the outbox, with its final id, when this resolves, offline too; it is
 * sealed when its turn comes. Throws `too-large` for a text beyond MAX_TEXT_BYTES, `disk-full` and other faults of the
 * disk.
 */
export async function sendMessage(params: {
  client: Client;
  group: GroupId;
  text: string;
}): Promise<IntentHandle & { readonly messageId: MessageId }> {
  const { client, group: id, text } = params;
  const core = coreOf(client);
  const group = core.groups.get(id);
  const compose = () => composeNext({ core, group, id, body: { kind: "text", text } });
  const content = await compose().catch(async (error: unknown) => {
    // A database that is being opened again can't be read meanwhile.
    if (!core.recovery) throw error;
    await untilReopened(core);
    return await compose();
  });
  writeApplicationMessage({ content, replaces: [] });
  const messageId = messageIdOf(content);
  const action = { kind: "send", content, message: messageId } as const;
  const handle = group
    ? await addIntent({ core, group, action })
    : await addFailedIntent({ core, group: id, action, reason: "not-a-member" });
  return { ...handle, messageId };
}
