import { receiveHistory, sendHistory } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { catchUpActor } from "../catchUpActor.ts";
import { takeClient, takeFlag } from "../fields.ts";
import { personOf } from "../personOf.ts";
import type { Stage } from "../stage.ts";
import type { StepReader } from "../step.ts";
import type { StepOutcome } from "../stepOutcome.ts";

/**
 * `{"do":"install","by":"alice"}`: another installation of alice's inbox, named "alice/2", then "alice/3". With
 * `"history":true` it gets the history from `by`, where its code is typed.
 */
export const readInstall: StepReader = (fields, { installations }) => {
  const by = takeClient(fields, "by");
  const history = takeFlag(fields, "history");
  const person = personOf(by);
  const count = (installations.get(person) ?? 1) + 1;
  installations.set(person, count);
  const installs = `${person}/${count}`;
  return {
    title: `${person} installs ${installs}${history ? `, with the history of ${by}` : ""}`,
    body: {
      kind: "move",
      clients: [by],
      nodes: [],
      installs,
      play: async (stage) => {
        await actorOf({ stage, name: installs });
        return history ? await bringHistory({ stage, from: by, to: installs }) : { kind: "done" };
      },
    },
  };
};

async function bringHistory(params: { stage: Stage; from: string; to: string }): Promise<StepOutcome> {
  const { stage } = params;
  const [from, to] = await Promise.all([params.from, params.to].map((name) => actorOf({ stage, name })));
  if (!from?.online || !to?.online) return { kind: "unmet", lacks: ["one of the devices is offline"] };
  await catchUpActor({ stage, actor: from });
  const { promise: code, resolve, reject } = Promise.withResolvers<string>();
  const received = receiveHistory({ client: to.client, onCode: resolve, signal: stage.signal });
  received.catch(reject);
  const { installation } = to.client;
  const sent = await sendHistory({ client: from.client, to: installation, code: await code });
  const { messages } = await received;
  if (messages === sent.messages) return { kind: "done" };
  return { kind: "unmet", lacks: [`${sent.messages} messages were sent, ${messages} have come`] };
}
