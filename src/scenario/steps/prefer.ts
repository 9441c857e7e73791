import { applyPreference } from "../applyPreference.ts";
import { takeClient, takeName, takeNode } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"prefer","by":"bob","group":"g","node":2}`: may come before bob has joined. */
export const readPrefer: StepReader = (fields, { nodes }) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const node = takeNode(fields, "node", nodes);
  return {
    title: `${by} prefers node ${node}`,
    body: {
      kind: "move",
      clients: [by],
      nodes: [node],
      play: async (stage) => {
        await applyPreference({ stage, by, group, node });
        return { kind: "done" };
      },
    },
  };
};
