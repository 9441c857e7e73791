import { takeClient } from "../fields.ts";
import { setActorOnline } from "../setActorOnline.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"online","client":"bob"}` */
export const readOnline: StepReader = (fields) => {
  const name = takeClient(fields, "client");
  return {
    title: `${name} comes back online`,
    body: {
      kind: "move",
      clients: [name],
      nodes: [],
      play: (stage) => setActorOnline({ stage, name, online: true }),
    },
  };
};
