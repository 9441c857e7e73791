import { setOnline } from "../index.ts";
import { actorOf } from "./actors.ts";
import { awaitJoin } from "./catchUpActor.ts";
import type { Stage } from "./stage.ts";
import type { StepOutcome } from "./stepOutcome.ts";

/** Cuts a client off from nodes and chain, once it is in where earlier steps invited it, or lets it back. */
export async function setActorOnline(params: {
  stage: Stage;
  name: string;
  online: boolean;
}): Promise<StepOutcome> {
  const actor = await actorOf(params);
  if (!params.online) {
    const invited = params.stage.invitations.filter(({ client }) => client === params.name);
    for (const { group } of invited) await awaitJoin({ stage: params.stage, actor, group });
  }
  await setOnline({ client: actor.client, online: params.online });
  actor.online = params.online;
  return { kind: "done" };
}
