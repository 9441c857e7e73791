import { preferNode } from "../index.ts";
import { asId, type NodeId } from "../wire/ids.ts";
import { actorOf, nodeOf } from "./actors.ts";
import { survive } from "./crashActor.ts";
import type { Stage } from "./stage.ts";

/** Tells the client, or remembers the wish until the group is made. */
export async function applyPreference(params: {
  stage: Stage;
  by: string;
  group: string;
  node: number;
}): Promise<void> {
  const { stage, by, group: name, node: number } = params;
  const group = stage.groups.get(name);
  if (group === undefined) {
    stage.preferences.push({ by, group: name, node: number });
    return;
  }
  const actor = await actorOf({ stage, name: by });
  const node = asId<NodeId>(nodeOf({ stage, number }).addresses.node);
  await survive({ actor, attempt: () => preferNode({ client: actor.client, group, node }) });
}

/** The wishes that were named before the group existed. */
export async function applyPreferences(params: { stage: Stage; group: string }): Promise<void> {
  const { stage, group } = params;
  const waiting = stage.preferences.filter((preference) => preference.group === group);
  for (const preference of waiting) await applyPreference({ stage, ...preference });
}
