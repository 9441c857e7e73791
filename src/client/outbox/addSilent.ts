import type { Action } from "../../reconciler/records/intent.ts";
import type { MessageBody } from "../../reconciler/timeline/composeMessage.ts";
import { messageIdOf } from "../../wire/messageContent.ts";
import type { GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { addIntent } from "./addIntent.ts";
import { composeNext } from "./composeNext.ts";

/** Takes a message into the outbox for which the app did not ask, together with what else changes by it. */
export async function addSilent(params: {
  core: ChangingCore & CoreParts<"recovery">;
  group: Group;
  body: MessageBody;
  change?: GroupChange;
}): Promise<void> {
  const { core, group, body, change } = params;
  const content = await composeNext({ core, group, id: group.id, body });
  const action: Action = { kind: "send", content, message: messageIdOf(content) };
  await addIntent({ core, group, action, ...(change ? { change } : {}) });
}
