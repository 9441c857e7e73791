import { rotateKeys } from "../../index.ts";
import { takeClient, takeName } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"rotate","by":"bob","group":"g"}` */
export const readRotate: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  return {
    title: `${by} rotates keys`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by],
      invites: [],
      ordered: true,
      action: {
        kind: "change",
        start: async ({ client, group }) => ({ intent: await rotateKeys({ client, group }) }),
      },
    },
  };
};
