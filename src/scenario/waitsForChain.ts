import { syncStatus } from "../index.ts";
import type { Actor, Stage } from "./stage.ts";

/** What an outbox says that it waits for when it is the chain's turn. */
const chainWaits = new Set(["on-chain", "too-soon", "reorganized", "joining"]);

/** True if a client's outbox for a group can't go on before there are new blocks. */
export async function waitsForChain(params: { stage: Stage; actor: Actor; group: string }): Promise<boolean> {
  const { stage, actor } = params;
  if (actor.restarting !== undefined) return false;
  const { groups } = await syncStatus({ client: actor.client });
  const id = stage.groups.get(params.group);
  const group = groups.find((one) => one.group === id);
  return group !== undefined && group.openIntents.length > 0 && chainWaits.has(group.waitsFor);
}
