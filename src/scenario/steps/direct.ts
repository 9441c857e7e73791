import { listGroups, openDirect } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { catchUpActor } from "../catchUpActor.ts";
import { survive } from "../crashActor.ts";
import { noteDirect } from "../directs.ts";
import { takeClient, takeName } from "../fields.ts";
import { personOf } from "../personOf.ts";
import type { StepReader } from "../step.ts";

/**
 * `{"do":"direct","by":"alice","with":"bob","group":"d"}`: alice opens her direct conversation with bob, and founds it
 * if there is none to write to. Later steps take "d" as a group; both may open it under the same name.
 */
export const readDirect: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const other = takeClient(fields, "with");
  const name = takeName(fields, "group");
  return {
    title: `${by} talks to ${other}`,
    body: {
      kind: "move",
      clients: [by, other],
      nodes: [],
      play: async (stage) => {
        const [actor, partner] = await Promise.all([by, other].map((one) => actorOf({ stage, name: one })));
        if (!actor || !partner || personOf(by) === personOf(other)) {
          return { kind: "unmet", lacks: ["a direct conversation is one of two people"] };
        }
        await survive({ actor, attempt: () => catchUpActor({ stage, actor }) });
        const opened = await survive({
          actor,
          attempt: () => openDirect({ client: actor.client, with: partner.client.inbox }),
        });
        noteDirect({ stage, name, ...opened });
        const { group } = opened;
        const [found] = listGroups({ client: actor.client }).filter((one) => one.group === group);
        if (found?.membership === "member") return { kind: "done" };
        stage.invitations.push({ client: other, group: name, line: 0 });
        if (!actor.online) return { kind: "queued", why: `${actor.name} is offline` };
        if (stage.faults.chainPaused) return { kind: "queued", why: "the chain stands still" };
        return { kind: "done" };
      },
    },
  };
};
