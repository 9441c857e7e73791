import type { Role } from "../reconciler/policy/roleOf.ts";
import { type Action, asInvitee } from "../reconciler/records/intent.ts";
import type { GroupId, Hex } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import { allowByActing } from "./group/allowByActing.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { addFailedIntent, addIntent } from "./outbox/addIntent.ts";

type Target = { readonly client: Client; readonly group: GroupId };

/** Takes members in, each with all its installations; what others have done meanwhile is not done twice. */
export async function addMembers(params: Target & { members: readonly Hex[] }): Promise<IntentHandle> {
  return await intend(params, { kind: "add", members: params.members.map(asInvitee) });
}

/** Takes members out, with all their installations. */
export async function removeMembers(params: Target & { members: readonly Hex[] }): Promise<IntentHandle> {
  return await intend(params, { kind: "remove", members: params.members.map(asInvitee) });
}

/** Renews this installation's keys in the group, so that whoever copied the old ones is locked out. */
export async function rotateKeys(params: Target): Promise<IntentHandle> {
  return await intend(params, { kind: "rotate" });
}

export async function renameGroup(params: Target & { name: string }): Promise<IntentHandle> {
  return await intend(params, { kind: "rename", name: params.name });
}

/** Makes a member super admin, admin or plain member. A group keeps at least one super admin. */
export async function setRole(params: Target & { member: Hex; role: Role }): Promise<IntentHandle> {
  return await intend(params, { kind: "set-role", members: [asInvitee(params.member)], role: params.role });
}

/**
 * Asks for this client's inbox to be taken out, with all its installations. It is done when this client has read its
 * own request on the chain: nothing more is sent from then on, and the others carry it out. The last super admin cannot
 * leave.
 */
export async function leaveGroup(params: Target): Promise<IntentHandle> {
  return await intend(params, { kind: "leave" });
}

/**
 * Adds an intent to the outbox: whoever changes a request, other than by leaving it, allows it. Throws `blocked`. For a group that this client is not in, one that has failed.
 */
export async function intend({ client, group: id }: Target, action: Action): Promise<IntentHandle> {
  const core = coreOf(client);
  const group = core.groups.get(id);
  if (!group) return await addFailedIntent({ core, group: id, action, reason: "not-a-member" });
  if (action.kind !== "leave") await allowByActing({ core, group });
  return await addIntent({ core, group, action });
}
