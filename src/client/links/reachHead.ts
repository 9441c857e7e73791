import { giveUpVanished } from "../entries/giveUpVanished.ts";
import { maintainEpochs } from "../entries/maintainEpochs.ts";
import { returnToFormer } from "../entries/returnToFormer.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { releaseHeld } from "../messages/releaseHeld.ts";

/**
 * Does what is due at the head that a group is read up to. Call it from within the group's queue. True if some entries
 * have to be read again: see `returnToFormer`.
 */
export async function reachHead(params: {
  core: ChangingCore &
    CoreParts<"certificates" | "finalityBlocks" | "groups" | "inboxes" | "network" | "topicSums">;
  group: Group;
}): Promise<boolean> {
  const { core, group } = params;
  await giveUpVanished({ core, group });
  const isBack = await returnToFormer({ core, group });
  await releaseHeld({ core, group });
  await maintainEpochs({ core, group });
  group.outboxWakeup.wake();
  group.deliveryWakeup.wake();
  group.upkeepWakeup.wake();
  group.rotationWakeup.wake();
  return isBack;
}
