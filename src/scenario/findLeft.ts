import { findIntent, listGroups, listIntents, listMessages } from "../index.ts";
import { conversationNamed } from "./directs.ts";
import type { Actor, Stage } from "./stage.ts";
import type { Act, Started, Step } from "./step.ts";

/** What a crashed client has of the intent of a step; undefined if it did not get into the outbox. */
export async function findLeft(params: {
  stage: Stage;
  actor: Actor;
  step: Step;
  body: Act;
  /** Intents of before the step. */
  before: ReadonlySet<string>;
}): Promise<Started | undefined> {
  const { stage, actor, step, body, before } = params;
  const { client } = actor;
  const taken = new Set(stage.intents.map(({ intent }) => intent));
  const founds = body.action.kind === "found";
  const group = conversationNamed(stage, body.group);
  const groups = listGroups({ client }).filter((one) => one.group === group || one.conversation === group);
  const left = (await listIntents({ client })).find(
    (one) =>
      one.action !== "upkeep" &&
      one.action !== "welcome" &&
      one.action !== "confirm" &&
      !before.has(one.id) &&
      !taken.has(one.id) &&
      (founds ? one.action === "create" : groups.some((known) => known.group === one.group)),
  );
  const intent = left && (await findIntent({ client, id: left.id }));
  if (left === undefined || intent === undefined) return undefined;
  if (left.group === undefined) return { intent };
  if (founds) stage.groups.set(body.group, left.group);
  if (!["send", "reply"].includes(step.do) || !listGroups({ client }).some((one) => one.group === left.group))
    return { intent };
  const items = await listMessages({ client, group: left.group });
  const message = items.findLast(
    (item) => item.kind === "message" && item.author === client.inbox && item.text === body.text,
  );
  return message?.kind === "message" ? { intent, messageId: message.id } : { intent };
}
