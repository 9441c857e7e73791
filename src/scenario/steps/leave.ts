import { leaveGroup } from "../../index.ts";
import { takeClient, takeName } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"leave","by":"bob","group":"g"}`: ends when bob has read its own word; the others carry it out. */
export const readLeave: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  return {
    title: `${by} leaves ${group}`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by],
      invites: [],
      ordered: true,
      action: {
        kind: "change",
        start: async ({ client, group }) => ({ intent: await leaveGroup({ client, group }) }),
      },
    },
  };
};
