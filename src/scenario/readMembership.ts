import type { Client, GroupId, Hex, IntentHandle } from "../index.ts";
import { addressesOf } from "./actors.ts";
import type { Fields } from "./fields.ts";
import { takeClient, takeClients, takeName } from "./fields.ts";
import type { Step } from "./step.ts";

type Change = (params: { client: Client; group: GroupId; members: Hex[] }) => Promise<IntentHandle>;

/** Adding and removing are read alike: who, where, whom. */
export function readMembership(params: { fields: Fields; verb: string; invites: boolean; change: Change }): {
  title: string;
  body: Step["body"];
} {
  const { fields, verb, invites, change } = params;
  const by = takeClient(fields, "by");
  const group = takeName(fields, "group");
  const members = takeClients(fields, "members");
  return {
    title: `${by} ${verb} ${members.join(", ")}`,
    body: {
      kind: "act",
      by,
      group,
      clients: [by, ...members],
      invites: invites ? members : [],
      ordered: true,
      action: {
        kind: "change",
        start: async ({ stage, client, group }) => {
          const addresses = await addressesOf({ stage, names: members });
          return { intent: await change({ client, group, members: addresses }) };
        },
      },
    },
  };
}
