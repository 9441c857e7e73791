import { sendMessage } from "../../index.ts";
import { takeClient, takeName, takeOptionalName, takeText } from "../fields.ts";
import { messageOf } from "../messageOf.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"reply","by":"bob","group":"g","message":"m1","text":"yes","as":"m2"}` */
export const readReply: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const name = takeName(fields, "message");
  const text = takeText(fields, "text");
  const as = takeOptionalName(fields, "as");
  return {
    title: `${by} answers ${name} with "${text}"`,
    body: {
      ...{ kind: "act", by, group, clients: [by], invites: [], ordered: false, text },
      ...(as === undefined ? {} : { as }),
      action: {
        kind: "change",
        start: async ({ stage, client, conversation: group }) => {
          const replyTo = messageOf({ stage, name });
          const intent = await sendMessage({ client, group, text, replyTo });
          return { intent, messageId: intent.messageId };
        },
      },
    },
  };
};
