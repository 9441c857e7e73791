import type { NodeApi } from "../../rpc/nodeApi.ts";
import { ADDRESS_BYTES, type Address, type InboxId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { askRegistry } from "../entries/askRegistry.ts";
import type { Invitee } from "./intent.ts";

const ADDRESS_DIGITS = 2 + 2 * ADDRESS_BYTES;

/** The inboxes that are meant, each once; `undefined` if one of them is not in the registry. */
export async function resolveMembers(params: {
  core: ClientCore;
  api: NodeApi;
  members: readonly Invitee[];
  block: number;
  signal: AbortSignal;
}): Promise<InboxId[] | undefined> {
  const { core, api, members, block, signal } = params;
  const inboxes = new Set<InboxId>();
  for (const member of members) {
    const inbox = isAddress(member)
      ? (await api.getWallet({ wallet: member }, { signal })).inbox
      : (member as InboxId);
    if (inbox === undefined) return undefined;
    inboxes.add(inbox);
  }
  const { registry } = await askRegistry({ core, reading: core, api, inboxes: [...inboxes], block, signal });
  return [...inboxes].every((inbox) => registry(inbox) !== undefined) ? [...inboxes] : undefined;
}

function isAddress(member: Invitee): member is Address {
  return member.length === ADDRESS_DIGITS;
}
