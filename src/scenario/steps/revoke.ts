import { revokeInstallation } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { takeClient } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"revoke","by":"alice","installation":"alice/2"}`: for ever, in all groups. */
export const readRevoke: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const name = takeClient(fields, "installation");
  return {
    title: `${by} revokes ${name}`,
    body: {
      kind: "act",
      by,
      group: "",
      clients: [by, name],
      invites: [],
      ordered: true,
      action: {
        kind: "identity",
        start: async ({ stage, client }) => {
          const { installation } = (await actorOf({ stage, name })).client;
          return { intent: await revokeInstallation({ client, installation }) };
        },
      },
    },
  };
};
