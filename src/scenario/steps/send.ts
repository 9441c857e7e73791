import { sendMessage } from "../../index.ts";
import { takeClient, takeName, takeOptionalName, takeText } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"send","by":"alice","group":"g","text":"hello","as":"m1"}` */
export const readSend: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const text = takeText(fields, "text");
  const as = takeOptionalName(fields, "as");
  return {
    title: `${by} sends "${text}"`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by],
      invites: [],
      ordered: false,
      ...(as === undefined ? {} : { as }),
      text,
      action: {
        kind: "change",
        start: async ({ client, conversation: group }) => {
          const intent = await sendMessage({ client, group, text });
          return { intent, messageId: intent.messageId };
        },
      },
    },
  };
};
