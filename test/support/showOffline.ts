import { randomBytes } from "#crypto";
import { changeGroup } from "../../src/client/group/changeGroup.ts";
import type { Group } from "../../src/client/group/group.ts";
import { showMessage } from "../../src/client/messages/showMessage.ts";
import type { Expiry, MessageVerdict } from "../../src/reconciler/records/timelineRecord.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { asId, type EnvelopeHash, type InboxId, toHex } from "../../src/wire/ids.ts";
import { type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import { type OfflineClient, testEntryOf } from "./openOfflineClient.ts";

/** What a member says in a group of an offline client: the client itself, unless another one is named. */
export function contentOf(
  offline: OfflineClient,
  group: Group,
  body: MessageBody,
  inbox: InboxId = offline.inbox,
): MessageContent {
  const installation = offline.core.self.installation.key;
  const nonce = toHex(randomBytes(16));
  return { group: group.id, inbox, installation, nonce, depth: 1, parents: [], sentAtMs: 0, ...body };
}

/** Shows a message as a client does when it was opened, or sealed. */
export async function show(
  offline: OfflineClient,
  group: Group,
  content: MessageContent,
  {
    epoch = 1,
    verdict = "counts",
    expiry,
  }: { epoch?: number; verdict?: MessageVerdict; expiry?: Expiry } = {},
) {
  const id = messageIdOf(content);
  const envelope = asId<EnvelopeHash>(randomBytes(32));
  const opening = { epoch, entry: testEntryOf(group.id, epoch), envelope, verdict };
  const message = { content, replaces: [], id };
  const change = await showMessage({ core: offline.core, group, message, opening, expiry, isAwaited: false });
  await changeGroup({ core: offline.core, group, change });
  return { id, content, intents: change.intents };
}
