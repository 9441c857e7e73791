import type { Clock } from "../openClock.ts";
import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** Their clocks jump by so many seconds, and jump back at the end. */
export const skewNodes: Verb = ({ world, fault }) => skew(chosen(world.nodes, fault.on), fault.how);

export const skewClients: Verb = ({ world, fault }) => skew(chosen(world.people, fault.on), fault.how);

async function skew(seats: readonly { readonly clock: Clock }[], seconds: string) {
  await Promise.all(seats.map(({ clock }) => clock.set(Number(seconds) * 1_000)));
  return async () => void (await Promise.all(seats.map(({ clock }) => clock.set(0))));
}
