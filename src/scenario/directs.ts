import { type ConversationId, type DirectId, type GroupId, listGroups, listMessages } from "../index.ts";
import type { Actor, Stage } from "./stage.ts";
import { readStanding, type View } from "./view.ts";

/**
 * Notes a direct conversation under its name, and each of its groups as a group of its own: "d", then "d 2" and so on.
 * What holds of groups has to hold of each of them.
 */
export function noteDirect(params: {
  stage: Stage;
  name: string;
  conversation: DirectId;
  group: GroupId;
}): void {
  const { stage, name, conversation, group } = params;
  stage.directs.set(name, conversation);
  if ([...stage.groups.values()].includes(group)) return;
  let key = name;
  for (let number = 2; stage.groups.has(key); number++) key = `${name} ${number}`;
  stage.groups.set(key, group);
}

/** What a step means by a group's name: a group, or a direct conversation. */
export function conversationNamed(stage: Stage, name: string): ConversationId | undefined {
  return stage.directs.get(name) ?? stage.groups.get(name);
}

/** The name of a conversation's group: a direct conversation may have come to have another one. */
export function nameOfGroup(params: { stage: Stage; name: string; group: GroupId }): string {
  const { stage, name, group } = params;
  const conversation = stage.directs.get(name);
  if (conversation === undefined) return name;
  noteDirect({ stage, name, conversation, group });
  return [...stage.groups].find(([, id]) => id === group)?.[0] ?? name;
}

/** What a client shows of a direct conversation, and its gaps in all of the conversation's groups. */
export async function readDirect(params: {
  actor: Actor;
  conversation: DirectId;
}): Promise<{ readonly items: View["items"]; readonly gaps: number } | undefined> {
  const { actor, conversation } = params;
  const { client } = actor;
  const groups = listGroups({ client }).filter((one) => one.conversation === conversation);
  if (groups.length === 0) return undefined;
  const standings = await Promise.all(groups.map(({ group }) => readStanding({ actor, group })));
  const gaps = standings.reduce((sum, one) => sum + (one?.state.gaps ?? 0), 0);
  return { items: await listMessages({ client, group: conversation }), gaps };
}

/** Direct conversations that two online clients read in different orders, in words. */
export async function findDisorder(params: { stage: Stage; actors: readonly Actor[] }): Promise<string[]> {
  const { stage } = params;
  const online = params.actors.filter((actor) => actor.online);
  const told: string[] = [];
  for (const [name, conversation] of stage.directs) {
    const read = await Promise.all(online.map((actor) => readDirect({ actor, conversation })));
    // Whoever is not in the conversation reads nothing, in any order.
    const orders = read.map((one) =>
      (one?.items ?? []).flatMap((item) => (item.kind === "message" ? [item.id] : [])),
    );
    for (const [i, mine] of orders.entries()) {
      for (const [j, theirs] of orders.slice(i + 1).entries()) {
        const common = mine.filter((id) => theirs.includes(id));
        if (common.join() === theirs.filter((id) => mine.includes(id)).join()) continue;
        told.push(`${name}: ${online[i]?.name} and ${online[i + 1 + j]?.name} read it in different orders`);
      }
    }
  }
  return told;
}
