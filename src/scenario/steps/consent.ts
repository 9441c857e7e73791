import { setConsent } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { awaitJoin, catchUpActor } from "../catchUpActor.ts";
import { badScenario, takeClient, takeName, takeOptionalName, takeWord } from "../fields.ts";
import type { Stage } from "../stage.ts";
import type { StepReader } from "../step.ts";

/** What a person can say to a request, or of somebody. */
export const consents = ["allowed", "blocked", "unknown"] as const;

/**
 * `{"do":"consent","by":"bob","group":"g","set":"allowed"}` or, of somebody, `"who":"mallory"`: whoever does this in a
 * play is asked from the beginning; everyone else is in wherever somebody invites.
 */
export const readConsent: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeOptionalName(fields, "group");
  const who = group === undefined ? takeName(fields, "who") : undefined;
  const consent = takeWord(fields, "set", { words: consents });
  if (by.includes("/")) {
    throw badScenario({ where: fields.where, field: "by", message: "names a person's first installation" });
  }
  return {
    title: `${by}: ${group ?? who} is ${consent}`,
    body: {
      kind: "move",
      clients: [by, ...(who === undefined ? [] : [who])],
      nodes: [],
      asks: by,
      play: async (stage) => {
        const actor = await actorOf({ stage, name: by });
        await catchUpActor({ stage, actor });
        if (group !== undefined) await awaitJoin({ stage, actor, group });
        await setConsent({ client: actor.client, consent, ...(await aboutOf({ stage, group, who })) });
        return { kind: "done" };
      },
    },
  };
};

async function aboutOf(params: { stage: Stage; group: string | undefined; who: string | undefined }) {
  const { stage, group, who = "" } = params;
  const id = group === undefined ? undefined : stage.groups.get(group);
  if (id !== undefined) return { group: id };
  return { inbox: (await actorOf({ stage, name: who })).client.inbox };
}
