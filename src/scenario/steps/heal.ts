import { actorsOf } from "../actors.ts";
import { applySides } from "../applySides.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"heal"}`: all nodes reach each other again. */
export const readHeal: StepReader = () => ({
  title: "the nodes find each other again",
  body: {
    kind: "move",
    clients: [],
    nodes: [],
    play: async (stage) => {
      const { devnet } = stage;
      await devnet.links.heal();
      for (const { client } of await actorsOf(stage)) await applySides({ devnet, client });
      return { kind: "done" };
    },
  },
});
