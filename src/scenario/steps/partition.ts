import { applySidesToAll } from "../applySidesToAll.ts";
import { takeSides } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"partition","nodes":[[1,2],[3]]}`: cuts the links between nodes only; unnamed nodes are one more side. */
export const readPartition: StepReader = (fields, { nodes }) => {
  const sides = takeSides(fields, "nodes", nodes);
  return {
    title: `nodes ${sides.map((side) => side.join(" and ")).join(" | ")} lose each other`,
    body: {
      kind: "move",
      clients: [],
      nodes: sides.flat(),
      play: async (stage) => {
        const { devnet } = stage;
        await devnet.links.partition(sides);
        await applySidesToAll(stage);
        return { kind: "done" };
      },
    },
  };
};
