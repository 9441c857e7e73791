import { steadyMs } from "../../clock/steadyMs.ts";
import type { Claim } from "../../reconciler/witness/fact.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { NodeId } from "../../wire/ids.ts";
import { askWitness } from "../asking/askWitness.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";

/**
 * Asks whether a witness says the same of a group as the node that serves it. Do not call it from within the group's
 * queue: an answer takes its time.
 */
export async function agreeOn(params: {
  core: CoreParts<
    "database" | "events" | "groups" | "links" | "logger" | "network" | "preferences" | "self" | "witnesses"
  >;
  group: Group;
  /** The node whose claim it is. */
  node: NodeId;
  claim: Claim;
  signal: AbortSignal;
}): Promise<Testimony> {
  const { core, group, node, claim, signal } = params;
  group.askedAtMs = steadyMs();
  const testimony = await askWitness({ core, group: group.id, serving: node, claim, signal });
  group.askedAtMs = steadyMs();
  const isNews = group.witness !== testimony.kind;
  group.witness = testimony.kind;
  if (testimony.kind !== "agreed") group.servingWakeup.wake();
  if (isNews) group.outboxWakeup.wake();
  if (isNews) group.upkeepWakeup.wake();
  if (testimony.kind === "contradicted" && testimony.isWithheld) {
    core.events.emit({ kind: "withheld", what: "entries", group: group.id, node: testimony.liar });
  }
  if (testimony.kind !== "agreed") core.logger.info({ group: group.id, node, ...testimony }, "not agreed on");
  return testimony;
}
