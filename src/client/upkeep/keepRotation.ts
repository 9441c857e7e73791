import { steadyMs } from "../../clock/steadyMs.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { isOrdered } from "../../reconciler/records/intent.ts";
import type { HeadId } from "../../reconciler/records/records.ts";
import { keyDateOf, type Rotation, rotationDueMs } from "../../reconciler/upkeep/rotation.ts";
import { readEpoch } from "../database/epochStates.ts";
import { mayAct } from "../group/consent.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isRevoked } from "../group/isRevoked.ts";
import { addIntent } from "../outbox/addIntent.ts";

type Params = {
  core: ChangingCore & CoreParts<"asksConsent" | "inboxes" | "recovery">;
  group: Group;
  rotation: Rotation;
  signal: AbortSignal;
};

/** A rotation that failed is tried again after this time. */
const TRY_AGAIN_MS = 10 * 60_000;
/** The longest wait: timers take no more than 2^31 ms, and whatever changes wakes the loop before. */
const MAX_WAIT_MS = 24 * 3600 * 1000;

/** The last rotation that was queued, and the entry that had set the key which it was to renew. */
type Attempt = { readonly entry: HeadId; readonly atMs: number };

/**
 * Renews this client's keys in a group when it is time, by way of the outbox, so that keys which were copied once are
 * not of use for ever. Ends when the signal aborts.
 */
export async function keepRotation(params: Params): Promise<void> {
  const { core, group, signal } = params;
  let last: Attempt | undefined;
  while (!signal.aborted) {
    const due = await nextRotation(params);
    const nowMs = steadyMs();
    const againMs = due && last?.entry === due.entry ? last.atMs + TRY_AGAIN_MS : 0;
    const inMs = due && Math.max(due.inMs, againMs - nowMs);
    if (due && inMs !== undefined && inMs <= 0) {
      last = { entry: due.entry, atMs: nowMs };
      await addIntent({ core, group, action: { kind: "rotate", routine: true } });
      continue;
    }
    const timeout = inMs === undefined ? {} : { timeoutMs: Math.min(inMs, MAX_WAIT_MS) };
    await group.rotationWakeup.wait({ signal, ...timeout });
  }
}

/**
 * Says in how many milliseconds the next rotation is due, by the chain's clock as this client last heard it; undefined
 * while none is to be thought of. What the outbox has for the chain goes first: it may renew the key anyway.
 */
async function nextRotation(params: Params): Promise<{ inMs: number; entry: HeadId } | undefined> {
  const { core, group, rotation } = params;
  const { record, branch, leaves, intents } = group.view;
  const isIn =
    record.status === "member" &&
    mayAct(core, group) &&
    !isRevoked(core) &&
    !leaves.leavers.has(core.self.inbox);
  const isSettled = group.caughtUpBy !== undefined && record.fork === undefined;
  if (!isIn || !isSettled || intents.some(isOrdered) || (await hasNoOtherLeaf(params))) return undefined;
  const self = core.self.installation.key;
  const since = keyDateOf({ steps: branch.steps, self });
  if (!since) return undefined;
  const nowMs = group.processed.time * 1000 + (steadyMs() - group.headMovedAtMs);
  return { inMs: rotationDueMs({ rotation, since, self }) - nowMs, entry: since.entry };
}

/** True if the group has no other leaf: there is nobody whose messages a copy of the keys would open. */
async function hasNoOtherLeaf({ core, group }: Params): Promise<boolean> {
  const { head } = group.view.record;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  return epoch === undefined || viewOf(epoch.state).members.length < 2;
}
