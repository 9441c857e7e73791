import { reactToMessage } from "../../index.ts";
import { takeClient, takeFlag, takeName, takeText } from "../fields.ts";
import { messageOf } from "../messageOf.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"react","by":"bob","group":"g","message":"m1","text":"👍"}`; with `"takeBack":true` the reaction goes again. */
export const readReact: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const name = takeName(fields, "message");
  const text = takeText(fields, "text");
  const takeBack = takeFlag(fields, "takeBack");
  return {
    title: takeBack ? `${by} takes back ${text} of ${name}` : `${by} reacts to ${name} with ${text}`,
    body: {
      ...{ kind: "act", by, group, clients: [by], invites: [], ordered: false },
      action: {
        kind: "change",
        start: async ({ stage, client, conversation: group }) => {
          const message = messageOf({ stage, name });
          return { intent: await reactToMessage({ client, group, message, text, takeBack }) };
        },
      },
    },
  };
};
