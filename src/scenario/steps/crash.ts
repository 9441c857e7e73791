import { actorOf } from "../actors.ts";
import { crashActor } from "../crashActor.ts";
import { takeClient } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"crash","client":"bob"}`: its process dies at its next database write and starts again. */
export const readCrash: StepReader = (fields) => {
  const name = takeClient(fields, "client");
  return {
    title: `${name} will crash at its next write`,
    body: {
      kind: "move",
      clients: [name],
      nodes: [],
      play: async (stage) => {
        crashActor({ stage, actor: await actorOf({ stage, name }) });
        return { kind: "done" };
      },
    },
  };
};
