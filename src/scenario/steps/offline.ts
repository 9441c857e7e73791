import { takeClient } from "../fields.ts";
import { setActorOnline } from "../setActorOnline.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"offline","client":"bob"}`: cut off from nodes and chain; database and outbox live on. */
export const readOffline: StepReader = (fields) => {
  const name = takeClient(fields, "client");
  return {
    title: `${name} goes offline`,
    body: {
      kind: "move",
      clients: [name],
      nodes: [],
      play: (stage) => setActorOnline({ stage, name, online: false }),
    },
  };
};
