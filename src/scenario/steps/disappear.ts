import { setDisappearing } from "../../index.ts";
import { MAX_DISAPPEARING_SECONDS } from "../../wire/limits.ts";
import { takeClient, takeCount, takeName } from "../fields.ts";
import type { StepReader } from "../step.ts";

/** `{"do":"disappear","by":"alice","group":"g","seconds":3}`; with 0 messages stay. */
export const readDisappear: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const seconds = takeCount(fields, "seconds", { min: 0, max: MAX_DISAPPEARING_SECONDS });
  return {
    title: `${by} lets messages of ${group} ${seconds === 0 ? "stay" : `disappear after ${seconds} s`}`,
    body: {
      ...{ kind: "act", by, group, clients: [by], invites: [], ordered: true },
      action: {
        kind: "change",
        start: async ({ client, group }) => ({ intent: await setDisappearing({ client, group, seconds }) }),
      },
    },
  };
};
