import { randomBytes } from "#crypto";
import { firstContext } from "../reconciler/policy/nextContext.ts";
import { asInvitee } from "../reconciler/records/intent.ts";
import type { GroupId, Hex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { foundGroup } from "./foundGroup.ts";
import type { IntentHandle } from "./group/intentHandle.ts";

/**
 * Founds a group whose one super admin is this client's inbox, and takes in the members, in one intent. Resolves at
 * once, offline too; the group is there for others when its first entry is on chain. Throws `too-large` for a name
 * beyond MAX_GROUP_NAME_BYTES.
 */
export async function createGroup(params: {
  client: Client;
  name: string;
  /** Inbox ids or wallet addresses. */
  members: readonly Hex[];
}): Promise<{ group: GroupId; intent: IntentHandle }> {
  const { client, name, members } = params;
  const core = coreOf(client);
  const context = firstContext({ name, creator: core.self.inbox, drawBytes: randomBytes });
  return await foundGroup({ core, context, members: members.map(asInvitee) });
}
