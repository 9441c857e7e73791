import { steadyMs } from "../../clock/steadyMs.ts";
import { isLasting } from "../../reconciler/intents/relayed.ts";
import { apartFrom } from "../../reconciler/nodes/apart.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Address } from "../../wire/ids.ts";
import { rankChainNodes } from "../asking/rankGroupNodes.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isUp } from "../nodes/nodeLinks.ts";
import { waitLeftMs } from "../nodes/waits.ts";

/** An operator that has refused or failed so often is of no use to an intent. */
const PATIENCE = 3;

/** Counts that an operator failed to relay an intent's commit. */
export function noteFault(params: { group: Group; intent: Intent; operator: Address }): void {
  const { group, intent, operator } = params;
  const counts = group.relayFaults.get(intent.id) ?? new Map<Address, number>();
  group.relayFaults.set(intent.id, counts);
  counts.set(operator, (counts.get(operator) ?? 0) + 1);
}

/**
 * Orders the nodes that may relay an intent's commit: the group's first one that answers comes first; after a
 * refusal, or a "submitted" that led to nothing, the next. A node that was asked about the people whom the intent
 * concerns gets a turn only if no other answers, or the others can't or won't relay the commit. A node that has told
 * this client to wait gets none before that time. `waitMs`: how long it takes until the first of those that answer may
 * be asked; 0 if one may be asked now, or none answers.
 */
export async function relayingNodes(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences">;
  group: Group;
  intent: Intent;
}): Promise<{ readonly ranked: readonly KnownNode[]; readonly waitMs: number }> {
  const { core, group, intent } = params;
  const ranked = await rankChainNodes({ core, group: group.id });
  const answering = ranked.filter(({ node }) => isUp(core.links, node, steadyMs()));
  const waitOf = ({ node }: KnownNode) => waitLeftMs(core.links.waits, { node, errand: `relay ${group.id}` });
  const up = answering.filter((one) => waitOf(one) === 0);
  const asked = (intent.lookedUpAt ?? []).map((node) => core.links.nodes.get(node) ?? { node });
  const counts = group.relayFaults.get(intent.id) ?? new Map<Address, number>();
  const isWilling = ({ operator }: KnownNode) => !isTired({ intent, counts, operator });
  const able = apartFrom({ nodes: up, asked });
  const pools = [able.filter(isWilling), up.filter(isWilling), up];
  const pool = pools.find((nodes) => nodes.length > 0) ?? [];
  // An operator that said "submitted" of what did not land is no better than one that has failed.
  const isInVain = intent.progress.kind === "staged" && intent.progress.submitted !== undefined;
  const turn = [...counts.values()].reduce((sum, count) => sum + count, intent.attempts + (isInVain ? 1 : 0));
  const waitMs = up.length > 0 || answering.length === 0 ? 0 : Math.min(...answering.map(waitOf));
  return { ranked: pool.slice(turn % Math.max(1, pool.length)), waitMs };
}

function isTired(params: {
  intent: Intent;
  counts: ReadonlyMap<Address, number>;
  operator: Address;
}): boolean {
  const { intent, counts, operator } = params;
  if ((counts.get(operator) ?? 0) >= PATIENCE) return true;
  const { progress } = intent;
  const refusals = progress.kind === "staged" ? (progress.refusals ?? []) : [];
  const said = refusals.find((one) => one.operator === operator);
  return said !== undefined && (isLasting(said.code) || said.times >= PATIENCE);
}
