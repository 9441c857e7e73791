import { judgeParents, type ParentsVerdict } from "../reconciler/timeline/judgeParents.ts";
import type { GroupId, MessageId } from "../wire/ids.ts";
import { type Client, coreOf, groupOf } from "./client.ts";
import { readMessage } from "./messages/readMessage.ts";

export type MessageParents = {
  /** The messages that its author says it had seen last, two at most. */
  readonly parents: readonly MessageId[];
  /** Whether that can be; the message stays where it is either way. */
  readonly verdict: ParentsVerdict;
};

/**
 * Reads what a message names as its parents, and judges them as far as this client holds them. Undefined for an unknown
 * message; throws `unknown-group`.
 */
export async function readParents(params: {
  client: Client;
  group: GroupId;
  message: MessageId;
}): Promise<MessageParents | undefined> {
  const core = coreOf(params.client);
  const place = { database: core.database, group: groupOf(core, params.group).id };
  const record = await readMessage({ ...place, id: params.message });
  if (!record) return undefined;
  const { parents } = record.content;
  const found = await Promise.all(parents.map((id) => readMessage({ ...place, id })));
  return { parents, verdict: judgeParents({ record, parents: found }) };
}
