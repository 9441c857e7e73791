import { deleteMessage } from "../../index.ts";
import { takeClient, takeName } from "../fields.ts";
import { messageOf } from "../messageOf.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"delete","by":"alice","group":"g","message":"m1"}`: one's own or, by a super admin, anybody's. */
export const readDelete: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const name = takeName(fields, "message");
  return {
    title: `${by} deletes ${name}`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by],
      invites: [],
      ordered: false,
      action: {
        kind: "change",
        start: async ({ stage, client, conversation: group }) => {
          const message = messageOf({ stage, name });
          return { intent: await deleteMessage({ client, group, message }) };
        },
      },
    },
  };
};
