import type { IntentReason } from "../reconciler/policy/reasons.ts";
import type { Action } from "../reconciler/records/intent.ts";
import type { MessageBody } from "../reconciler/timeline/composeMessage.ts";
import { writeApplicationMessage } from "../wire/applicationMessage.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { messageIdOf } from "../wire/messageContent.ts";
import { allowByActing } from "./group/allowByActing.ts";
import type { ChangingCore, CoreParts } from "./group/core.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { addFailedIntent, addIntent } from "./outbox/addIntent.ts";
import { composeNext } from "./outbox/composeNext.ts";
import { untilReopened } from "./recoverStorage.ts";

/** The intent of a message, and the message's final id. */
export type SendHandle = IntentHandle & { readonly messageId: MessageId };

/** What taking a message into the outbox needs of the core. */
export type SendingCore = ChangingCore &
  CoreParts<"asksConsent" | "groups" | "notes" | "recovery" | "storageTried">;

type Params = {
  readonly core: SendingCore;
  readonly group: GroupId;
  readonly body: MessageBody;
};

/**
 * Takes a message into the outbox, behind all that this client holds of the group. Whoever says something in a request
 * allows it. Throws `too-large` and `malformed` for what no member would take, and `blocked`.
 */
export async function addSend(params: Params): Promise<SendHandle> {
  const { core, group: id } = params;
  const group = core.groups.get(id);
  if (!group) return await addFailedSend({ ...params, reason: "not-a-member" });
  const action = await compose(params);
  await allowByActing({ core, group });
  const untilMended = () => untilReopened(core);
  return { ...(await addIntent({ core, group, action, untilMended })), messageId: action.message };
}

/** A message that can't even be tried. Throws as `addSend` does. */
export async function addFailedSend(params: Params & { reason: IntentReason }): Promise<SendHandle> {
  const action = await compose(params);
  return { ...(await addFailedIntent({ ...params, action })), messageId: action.message };
}

async function compose({ core, group: id, body }: Params): Promise<Extract<Action, { kind: "send" }>> {
  const group = core.groups.get(id);
  const next = () => composeNext({ core, group, id, body });
  const content = await next().catch(async (error: unknown) => {
    // A database that is being opened again can't be read meanwhile.
    if (!core.recovery) throw error;
    await untilReopened(core);
    return await next();
  });
  writeApplicationMessage({ content, replaces: [] });
  return { kind: "send", content, message: messageIdOf(content) };
}
