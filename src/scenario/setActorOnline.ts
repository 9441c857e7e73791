import { setOnline } from "../index.ts";
import { actorOf } from "./actors.ts";
import type { Stage } from "./stage.ts";
import type { StepOutcome } from "./stepOutcome.ts";

/** Cuts a client off from nodes and chain, or lets it back. */
export async function setActorOnline(params: {
  stage: Stage;
  name: string;
  online: boolean;
}): Promise<StepOutcome> {
  const actor = await actorOf(params);
  await setOnline({ client: actor.client, online: params.online });
  actor.online = params.online;
  return { kind: "done" };
}
