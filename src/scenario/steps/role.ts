import { type Role, setRole } from "../../index.ts";
import { actorOf } from "../actors.ts";
import { takeClient, takeName, takeWord } from "../fields.ts";
import type { StepReader } from "../step.ts";

const roles = { superAdmin: "super-admin", admin: "admin", member: "member" } as const;
const words = Object.keys(roles) as (keyof typeof roles)[];

/** `{"do":"role","by":"alice","group":"g","member":"bob","role":"superAdmin"}` */
export const readRole: StepReader = (fields) => {
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const member = takeClient(fields, "member");
  const word = takeWord(fields, "role", { words });
  const role: Role = roles[word];
  return {
    title: `${by} makes ${member} ${word}`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by, member],
      invites: [],
      ordered: true,
      action: {
        kind: "change",
        start: async ({ stage, client, group }) => {
          const { address } = await actorOf({ stage, name: member });
          return { intent: await setRole({ client, group, member: address, role }) };
        },
      },
    },
  };
};
