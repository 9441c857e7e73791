import type { Claim } from "../../reconciler/witness/fact.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import { hear } from "../witness/hear.ts";
import { rankChainNodes, rankOwnNodes } from "./rankGroupNodes.ts";

/**
 * Asks another operator, or an endpoint that the app named, whether what a node says of the chain is so. Whatever the
 * client does next rests on facts that two have told it, unless nobody else answers. Throws only the signal's reason.
 */
export async function askWitness(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self" | "witnesses">;
  /** The group whose nodes are asked, in its order of rank; undefined: the nodes of this installation. */
  group?: GroupId | undefined;
  /** The node whose claim it is. */
  serving: NodeId;
  claim: Claim;
  signal: AbortSignal;
}): Promise<Testimony> {
  const { core, group } = params;
  const { witnesses } = core;
  const ranked = group === undefined ? rankOwnNodes(core) : await rankChainNodes({ core, group });
  const known = group === undefined ? undefined : core.groups.get(group)?.told;
  const told = known?.node === params.serving ? known.head : undefined;
  const testimony = await hear({ ...params, witnesses, ranked, told });
  if (group !== undefined) witnesses.testimonies.set(group, testimony.kind);
  return testimony;
}
