import { type GroupState, listInstallations, syncStatus } from "../index.ts";
import type { InstallationKey } from "../wire/ids.ts";
import type { Actor } from "./stage.ts";
import type { Standing } from "./view.ts";

/** Of a group's inboxes, the revoked installations that are still in it and the active ones that are not yet. */
export async function compareInstallations(params: {
  name: string;
  actors: readonly Actor[];
  /** Online members. */
  members: readonly Standing[];
  /** The one in the highest epoch. */
  newest: Standing;
}): Promise<string[]> {
  const { name, actors, members, newest } = params;
  const statuses = await Promise.all(members.map(({ actor }) => syncStatus({ client: actor.client })));
  if (statuses.every(({ isRevoked }) => isRevoked)) return [];
  const nameOf = (installation: InstallationKey) =>
    actors.find(({ client }) => client.installation === installation)?.name ?? installation.slice(0, 10);
  const { active, revoked } = await listedIn(newest);
  const present = new Set(newest.state.installations);
  return [
    ...revoked
      .filter((one) => present.has(one))
      .map((one) => `${nameOf(one)} is revoked and still in ${name}`),
    ...active.filter((one) => !present.has(one)).map((one) => `${nameOf(one)} is not in ${name} yet`),
  ];
}

async function listedIn({ actor, state }: { actor: Actor; state: GroupState }) {
  const staying = state.members.filter((inbox) => !state.leaving.includes(inbox));
  const lists = await Promise.all(staying.map((inbox) => listInstallations({ client: actor.client, inbox })));
  const listed = lists.flatMap(({ installations }) => installations);
  const isActive = (one: (typeof listed)[number]) => one.revokedBlock === undefined;
  return {
    active: listed.filter(isActive).map(({ installation }) => installation),
    revoked: listed.filter((one) => !isActive(one)).map(({ installation }) => installation),
  };
}
