import { steadyMs } from "../../clock/steadyMs.ts";
import type { CoreParts, Online } from "./core.ts";
import type { Group } from "./group.ts";

/** A client with no more groups than this does everything at once. */
const FEW_GROUPS = 200;
/** What one more group adds to the time between two looks at a quiet group, in which nothing is to be done. */
const MS_PER_GROUP = 1;
/** What one more group adds to the time in which the loops of all groups start. */
const MS_PER_START = 2;

/**
 * Says how many milliseconds longer than usual a client leaves a quiet group alone, so that all of them together take a
 * part of this machine's time and of the nodes' that does not grow with their number. 0 for a client with few groups.
 */
export function quietMs({ groups }: CoreParts<"groups">): number {
  return groups.size <= FEW_GROUPS ? 0 : groups.size * MS_PER_GROUP;
}

/** True if nothing of a group waits for the chain, for a node or for anybody. */
export function isQuiet({ view, unproven, isDoubtful }: Group): boolean {
  const { record, intents, publications, provisional, held, owed } = view;
  const isOpen =
    intents.length > 0 || publications.length > 0 || provisional.length > 0 || held.rows.size > 0;
  const isUnsettled = record.fork !== undefined || record.awaited !== undefined || owed !== undefined;
  const isStanding = record.status === "member" || record.status === "creating";
  return isStanding && !isOpen && !isUnsettled && unproven.size === 0 && !isDoubtful;
}

/** Says how many milliseconds the loops of one more group have to wait before they start, in this connection. */
export function startDelayMs(params: { core: CoreParts<"groups">; online: Online }): number {
  const { core, online } = params;
  if (core.groups.size <= FEW_GROUPS) return 0;
  const nowMs = steadyMs();
  const atMs = Math.max(nowMs, (online.lastStartMs ?? nowMs) + MS_PER_START);
  online.lastStartMs = atMs;
  return atMs - nowMs;
}
