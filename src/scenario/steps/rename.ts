import { renameGroup } from "../../index.ts";
import { takeClient, takeName, takeText } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"rename","by":"alice","group":"g","name":"Plans"}` */
export const readRename: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const name = takeText(fields, "name");
  return {
    title: `${by} renames ${group} to "${name}"`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by],
      invites: [],
      ordered: true,
      action: {
        kind: "change",
        start: async ({ client, group }) => ({ intent: await renameGroup({ client, group, name }) }),
      },
    },
  };
};
