import { crashAtNextWrite } from "../client/crashAtNextWrite.ts";
import type { Client } from "../index.ts";
import type { Actor, Stage } from "./stage.ts";

/** Lets a client die at its next write, which takes effect every second time, and start again at once. */
export function crashActor(params: { stage: Stage; actor: Actor }): void {
  const { stage, actor } = params;
  const { client } = actor;
  const takesEffect = stage.faults.crashes++ % 2 === 1;
  const died = crashAtNextWrite({
    client,
    takesEffect,
    onDeath: () => {
      actor.restarting = died
        .then(() => actor.reopen({ online: actor.online }))
        .then((again) => {
          actor.client = again;
          actor.restarting = undefined;
        });
      actor.restarting.catch(() => undefined);
    },
  });
  died.catch(() => undefined);
}

/** Resolves when the client is not starting again any more; rejects if it could not be started. */
export async function awaitRestart(actor: Actor): Promise<void> {
  while (actor.restarting !== undefined) await actor.restarting;
}

/** True if the client that one had in hand is gone. */
export function hasCrashed(actor: Actor, client: Client): boolean {
  return actor.restarting !== undefined || actor.client !== client;
}

/** Tries again where a crash came between. */
export async function survive<Result>(params: {
  actor: Actor;
  attempt: () => Promise<Result>;
}): Promise<Result> {
  const { actor, attempt } = params;
  for (;;) {
    const { client } = actor;
    try {
      return await attempt();
    } catch (error) {
      if (!hasCrashed(actor, client)) throw error;
      await awaitRestart(actor);
    }
  }
}
