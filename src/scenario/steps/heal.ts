import { applySidesToAll } from "../applySidesToAll.ts";
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
      await applySidesToAll(stage);
      return { kind: "done" };
    },
  },
});
