import { createGroup } from "../../index.ts";
import { addressesOf } from "../actors.ts";
import { takeClient, takeClients, takeName } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"create","by":"alice","group":"g","members":["bob"]}`: the whole group is one intent. */
export const readCreate: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const members = takeClients(fields, "members", true);
  return {
    title: `${by} creates ${group} with ${members.join(", ") || "nobody else"}`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by, ...members],
      invites: members,
      ordered: true,
      action: {
        kind: "found",
        start: async ({ stage, client }) => {
          const addresses = await addressesOf({ stage, names: members });
          const created = await createGroup({ client, name: group, members: addresses });
          return { intent: created.intent, group: created.group };
        },
      },
    },
  };
};
