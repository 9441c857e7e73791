import { steadyMs } from "../../clock/steadyMs.ts";
import { lookUpOrder } from "../../reconciler/nodes/apart.ts";
import { rankNodes } from "../../reconciler/nodes/rankNodes.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { labeledHash } from "../../wire/bytes.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import { activeNodes, isUp } from "../nodes/nodeLinks.ts";
import { reachable } from "../nodes/reach.ts";
import { rankChainNodes } from "./rankGroupNodes.ts";

/** Where this client looks people up for one group. */
export type LookUpNodes = {
  /** All active nodes, the one that relays for the group last. */
  readonly ranked: readonly KnownNode[];
  /** The node that relays the group's commits as long as it answers; undefined: no node answers. */
  readonly relaying: NodeId | undefined;
};

/**
 * Ranks the nodes by way of which this client looks people up, best first: in an order that only this client knows and
 * that no day changes, so that few nodes learn whom it knows.
 */
export function rankLookUpNodes({ links, self }: CoreParts<"links" | "self">): KnownNode[] {
  const salt = labeledHash({ label: "weft.look-up.v1", fields: [self.installation.privateKey] });
  return rankNodes({ nodes: activeNodes(links), day: 0, salt });
}

/**
 * Ranks the nodes by way of which this client looks people up for a group: no node should learn both who and which
 * group.
 */
export async function lookUpNodes(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self">;
  group: GroupId;
}): Promise<LookUpNodes> {
  const { core, group } = params;
  const nowMs = steadyMs();
  const serving = (await rankChainNodes({ core, group })).filter(({ node }) => isUp(core.links, node, nowMs));
  return { ranked: lookUpOrder({ nodes: rankLookUpNodes(core), serving }), relaying: serving[0]?.node };
}

/**
 * Ranks the nodes that take a group's Welcomes, best first: those of `lookUpNodes` on the group's side of a split
 * network.
 */
export async function rankWelcomeNodes(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self">;
  group: GroupId;
}): Promise<readonly KnownNode[]> {
  const { ranked } = await lookUpNodes(params);
  return reachable({ links: params.core.links, group: params.group, ranked });
}
