import { randomBytes } from "#crypto";
import { steadyMs } from "../clock/steadyMs.ts";
import { activeInstallations } from "../identity/inbox.ts";
import { firstClosedContext } from "../reconciler/policy/nextContext.ts";
import { foundGroup } from "./foundGroup.ts";
import type { ChangingCore, CoreParts } from "./group/core.ts";
import { isRevoked } from "./group/isRevoked.ts";
import { ownRooms } from "./group/ownRoom.ts";
import { followPositions, takeNotes } from "./own/takeNotes.ts";
import { startTelling, tellNotes } from "./own/tellNotes.ts";

type Core = ChangingCore &
  CoreParts<
    "asksConsent" | "bucketReadBy" | "groups" | "inboxes" | "network" | "notes" | "online" | "recovery"
  >;

/** How long a device waits for each one that was added before it: mostly the first founds the room, and nobody else. */
const TURN_MS = 10_000;
/** How often the list of the person's devices is looked at, besides when it changes. */
const LOOK_MS = 30_000;

/**
 * Keeps what the person notes equal on all of the person's devices, by way of the own room, and founds that when there
 * is a second device. Ends when the signal aborts.
 */
export async function keepOwnRoom({ core, signal }: { core: Core; signal: AbortSignal }): Promise<void> {
  const telling = startTelling();
  const waiting: Waiting = { sinceMs: undefined };
  while (!signal.aborted) {
    await takeNotes(core);
    await followPositions(core);
    const tellMs = await tellNotes({ core, telling });
    const foundMs = await foundRoom({ core, waiting });
    const nextMs = Math.min(tellMs ?? Number.POSITIVE_INFINITY, foundMs ?? Number.POSITIVE_INFINITY);
    const timeout = Number.isFinite(nextMs) ? { timeoutMs: Math.max(1, nextMs - steadyMs()) } : {};
    await core.ownRoomWakeup.wait({ signal, ...timeout });
  }
}

/** Since when this device has known that there are several and no room. */
type Waiting = { sinceMs: number | undefined };

/** Founds the own room when it is this device's turn. Gives the time to look again; undefined while there is a room. */
async function foundRoom({ core, waiting }: { core: Core; waiting: Waiting }): Promise<number | undefined> {
  const hasRoom = ownRooms(core).some(({ view }) => {
    const { status, isFormer } = view.record;
    const isComing = status === "joining" || (status === "creating" && view.intents.length > 0);
    return isComing || (status === "member" && !isFormer);
  });
  if (hasRoom) return undefined;
  const nowMs = steadyMs();
  const place = placeAmongDevices(core);
  if (place === undefined || core.bucketReadBy === undefined) return nowMs + LOOK_MS;
  waiting.sinceMs ??= nowMs;
  const turnMs = waiting.sinceMs + place * TURN_MS;
  if (turnMs > nowMs) return Math.min(turnMs, nowMs + LOOK_MS);
  const kind = { kind: "own", inboxes: [core.self.inbox] } as const;
  await foundGroup({ core, context: firstClosedContext({ kind, drawBytes: randomBytes }), members: [] });
  return undefined;
}

/** How many of the person's active devices were added before this one; undefined while there is no other. */
function placeAmongDevices(core: Core): number | undefined {
  const known = core.inboxes.get(core.self.inbox);
  if (!known?.inbox || known.isProvisional || isRevoked(core)) return undefined;
  const active = activeInstallations({ inbox: known.inbox, block: known.asOf });
  const place = active.indexOf(core.self.installation.key);
  return active.length < 2 || place < 0 ? undefined : place;
}
