import { editMessage } from "../../index.ts";
import { takeClient, takeName, takeText } from "../fields.ts";
import { messageOf } from "../messageOf.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"edit","by":"alice","group":"g","message":"m1","text":"hello again"}`: one's own. */
export const readEdit: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const name = takeName(fields, "message");
  const text = takeText(fields, "text");
  return {
    title: `${by} edits ${name} to "${text}"`,
    body: {
      ...{ kind: "act", by, group, clients: [by], invites: [], ordered: false },
      action: {
        kind: "change",
        start: async ({ stage, client, conversation: group }) => {
          const message = messageOf({ stage, name });
          return { intent: await editMessage({ client, group, message, text }) };
        },
      },
    },
  };
};
