import { actorOf } from "../actors.ts";
import { takeClient } from "../fields.ts";
import { personOf } from "../personOf.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"install","by":"alice"}`: another installation of alice's inbox, named "alice/2", then "alice/3". */
export const readInstall: StepReader = (fields, { installations }) => {
  const by = takeClient(fields, "by");
  const person = personOf(by);
  const count = (installations.get(person) ?? 1) + 1;
  installations.set(person, count);
  const installs = `${person}/${count}`;
  return {
    title: `${person} installs ${installs}`,
    body: {
      kind: "move",
      clients: [by],
      nodes: [],
      installs,
      play: async (stage) => {
        await actorOf({ stage, name: installs });
        return { kind: "done" };
      },
    },
  };
};
