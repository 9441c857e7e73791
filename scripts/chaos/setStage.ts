import { letTalk } from "./revivePerson.ts";
import type { World } from "./world.ts";

const SETUP_MS = 60_000;

/** The group that everybody is in, with everybody as its administrator. */
export async function openHall(params: { world: World }): Promise<void> {
  const { world } = params;
  world.hall = await found({ world, name: "hall", by: 0 });
}

/** A new group in which members come and go, and everybody talks from now on. */
export async function openSalon(params: { world: World; round: number }): Promise<void> {
  const { world, round } = params;
  const salon = await found({ world, name: `salon ${round}`, by: round % world.people.length });
  if (world.hall === undefined || salon === undefined) throw new Error("there is no group to talk in");
  world.talk = { hall: world.hall, salon, everybody: [...world.inboxes.values()] };
  await Promise.all(world.people.map((seat) => letTalk({ world, seat })));
}

export async function hush(params: { world: World }): Promise<void> {
  const { world } = params;
  world.talk = undefined;
  await Promise.all(world.people.map((seat) => letTalk({ world, seat }).catch(() => undefined)));
}

/** Who knows it has read the chain since that turn. */
export const nameOfNewHall = (turn: number): string => `hall ${turn}`;

async function found(params: { world: World; name: string; by: number }) {
  const { world, name, by } = params;
  const founder = world.people[by];
  if (founder === undefined) return undefined;
  const members = world.people
    .filter((seat) => seat !== founder)
    .flatMap((seat) => world.inboxes.get(seat.name) ?? []);
  const group = await founder.person.ask("found", { name, members }, SETUP_MS);
  await founder.person.ask("promote", { group, members }, SETUP_MS);
  return group;
}
