import type { NodeApi } from "../../rpc/nodeApi.ts";
import {
  ADDRESS_BYTES,
  type Address,
  asAddress,
  type GroupId,
  type InboxId,
  type NodeId,
} from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { askRegistry } from "../entries/askRegistry.ts";
import { rankGroupNodes } from "../links/rankGroupNodes.ts";
import { readInboxesOf } from "../witness/readInboxesOf.ts";
import type { Invitee } from "./intent.ts";

const ADDRESS_DIGITS = 2 + 2 * ADDRESS_BYTES;

export type Resolved =
  | { readonly kind: "resolved"; readonly inboxes: readonly InboxId[] }
  /** One of those who are meant is not in the registry. */
  | { readonly kind: "unknown" }
  /** A wallet is named, and no two witnesses say whose it is. */
  | { readonly kind: "no-witness" };

/** The inboxes that are meant, each once. */
export async function resolveMembers(params: {
  core: ClientCore;
  group: GroupId;
  node: NodeId;
  api: NodeApi;
  members: readonly Invitee[];
  block: number;
  signal: AbortSignal;
}): Promise<Resolved> {
  const { core, group, node, api, members, block, signal } = params;
  const { witnesses } = core;
  const panel = await rankGroupNodes({ core, group });
  const wallets = members.filter(isAddress).map(asAddress);
  const linked = await readInboxesOf({ witnesses, panel, wallets, signal });
  if (!linked) return { kind: "no-witness" };
  const inboxes = new Set<InboxId>();
  for (const member of members) {
    const inbox = isAddress(member) ? linked.get(asAddress(member)) : member;
    if (inbox === undefined) return { kind: "unknown" };
    inboxes.add(inbox);
  }
  const ask = { core, reading: core, node, api, block, signal };
  const { registry } = await askRegistry({ ...ask, inboxes: [...inboxes] });
  if ([...inboxes].some((inbox) => registry(inbox) === undefined)) return { kind: "unknown" };
  return { kind: "resolved", inboxes: [...inboxes] };
}

function isAddress(member: Invitee): member is Address {
  return member.length === ADDRESS_DIGITS;
}
