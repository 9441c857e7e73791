import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { awaitSpread } from "../devnet/awaitSpread.ts";
import { catchUp, type GroupId, listGroups, syncStatus } from "../index.ts";
import { actorsOf } from "./actors.ts";
import { awaitRestart } from "./crashActor.ts";
import { personOf } from "./personOf.ts";
import type { Actor, Stage } from "./stage.ts";
import { readStanding, readView } from "./view.ts";

/** What has not spread among the nodes by then is out of reach. */
const SPREAD_TIMEOUT_MS = 10_000;
/** How long a client may take to process what its node has. */
const CATCH_UP_TIMEOUT_MS = 15_000;
/** How long one that was invited waits to join. */
const JOIN_TIMEOUT_MS = 30_000;
const JOIN_POLL_MS = 20;

/** An online client takes in everything that earlier steps produced and that it can reach. */
export async function catchUpActor(params: { stage: Stage; actor: Actor }): Promise<void> {
  const { stage, actor } = params;
  const { devnet, signal } = stage;
  if (!actor.online || !devnet.nodes.some((node) => node.isRunning())) return;
  await awaitSpread({ devnet, timeoutMs: SPREAD_TIMEOUT_MS, signal });
  await catchUp({ client: actor.client, timeoutMs: CATCH_UP_TIMEOUT_MS, signal });
}

/** One who was invited and is not yet in the group waits to join; one whom nobody invited does not. */
export async function awaitJoin(params: { stage: Stage; actor: Actor; group: string }): Promise<void> {
  const { stage, actor, group } = params;
  const deadline = steadyMs() + JOIN_TIMEOUT_MS;
  while (actor.online && steadyMs() < deadline) {
    await awaitRestart(actor);
    const id = stage.groups.get(group);
    const view = id === undefined ? undefined : await readView({ actor, group: id });
    if (view?.isMember === true || talksIn({ stage, actor, group }))
      return endInvitations({ stage, clients: [actor.name], group });
    const isInvited = stage.invitations.some((one) => one.client === actor.name && one.group === group);
    if (!isInvited && !(id && (await isExpected({ stage, actor, group: id })))) return;
    await delay(JOIN_POLL_MS, undefined, { signal: stage.signal });
  }
}

/** True for somebody who is in a direct conversation, by whichever of its groups. */
function talksIn({ stage, actor, group }: { stage: Stage; actor: Actor; group: string }): boolean {
  const direct = stage.directs.get(group);
  return listGroups({ client: actor.client }).some(
    ({ conversation, membership }) =>
      conversation === direct && (membership === "member" || membership === "creating"),
  );
}

/** A further installation of a member's is taken in by itself, unless it was revoked. */
async function isExpected(params: { stage: Stage; actor: Actor; group: GroupId }): Promise<boolean> {
  const { stage, actor, group } = params;
  if (personOf(actor.name) === actor.name) return false;
  const { isRevoked } = await syncStatus({ client: actor.client });
  if (isRevoked) return false;
  const others = (await actorsOf(stage)).filter(({ online, restarting }) => online && !restarting);
  const standings = await Promise.all(others.map((other) => readStanding({ actor: other, group })));
  return standings.some((one) => one?.isMember && one.state.members.includes(actor.client.inbox));
}

/** These clients need not wait for an invitation of before any more. */
export function endInvitations(params: { stage: Stage; clients: readonly string[]; group: string }): void {
  const { stage, clients, group } = params;
  const rest = stage.invitations.filter((one) => one.group !== group || !clients.includes(one.client));
  stage.invitations.splice(0, stage.invitations.length, ...rest);
}
