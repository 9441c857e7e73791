import type { Invitee } from "../../reconciler/records/intent.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import {
  ADDRESS_BYTES,
  type Address,
  asAddress,
  type GroupId,
  type InboxId,
  type NodeId,
} from "../../wire/ids.ts";
import { askRegistry, type RegistrySource } from "../asking/askRegistry.ts";
import { lookUpNodes, rankWelcomeNodes } from "../asking/lookUpNodes.ts";
import type { CoreParts } from "../group/core.ts";
import { readInboxesOf } from "../witness/readInboxesOf.ts";

const ADDRESS_DIGITS = 2 + 2 * ADDRESS_BYTES;

export type Resolved = {
  /** The nodes that were asked about the people who are meant. */
  readonly nodes: readonly NodeId[];
} & (
  | { readonly kind: "all-found"; readonly inboxes: readonly InboxId[] }
  /** Somebody who is meant is not in the registry. */
  | { readonly kind: "unknown" }
  /** A wallet is named, and no two witnesses say whose it is. */
  | { readonly kind: "no-witness" }
);

/** Finds the inboxes that are meant, each once. What inbox a wallet has is read as two witnesses say. */
export async function resolveMembers(params: {
  core: RegistrySource["core"];
  group: GroupId;
  node: NodeId;
  api: NodeApi;
  members: readonly Invitee[];
  block: number;
  signal: AbortSignal;
}): Promise<Resolved> {
  const { core, group, node, api, members, block, signal } = params;
  const asked = new Set([node]);
  const witnesses = { ...core.witnesses, onAsk: (one: NodeId) => void asked.add(one) };
  const panel = await walletPanel({ core, group });
  const wallets = members.filter(isAddress).map(asAddress);
  const linked = await readInboxesOf({ witnesses, panel, wallets, signal });
  if (!linked) return { kind: "no-witness", nodes: [...asked] };
  const inboxes = new Set<InboxId>();
  for (const member of members) {
    const inbox = isAddress(member) ? linked.get(asAddress(member)) : member;
    if (inbox === undefined) return { kind: "unknown", nodes: [...asked] };
    inboxes.add(inbox);
  }
  const ask = { core, reading: core, node, api, block, signal };
  const { registry } = await askRegistry({ ...ask, inboxes: [...inboxes] });
  if ([...inboxes].some((inbox) => registry(inbox) === undefined))
    return { kind: "unknown", nodes: [...asked] };
  return { kind: "all-found", inboxes: [...inboxes], nodes: [...asked] };
}

/**
 * Ranks the nodes that are asked about wallets, without the operator that relays for the group if two others are left:
 * it should not learn who is looked up.
 */
async function walletPanel(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self">;
  group: GroupId;
}): Promise<readonly KnownNode[]> {
  const { core, group } = params;
  const { relaying } = await lookUpNodes(params);
  const ranked = await rankWelcomeNodes({ core, group });
  const operator = relaying && core.links.nodes.get(relaying)?.operator;
  const others = ranked.filter((one) => one.operator !== operator);
  return new Set(others.map((one) => one.operator)).size > 1 ? others : ranked;
}

function isAddress(member: Invitee): member is Address {
  return member.length === ADDRESS_DIGITS;
}
