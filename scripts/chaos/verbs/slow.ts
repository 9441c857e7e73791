import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** All that passes to and from these nodes is late by so many milliseconds, on the way to the chain as well. */
export const slowNodes: Verb = async ({ world, fault }) => {
  const seats = chosen(world.nodes, fault.on);
  const lateMs = Number(fault.how);
  for (const { doors, meshDoor, provider } of seats) {
    for (const door of [...doors, meshDoor, provider]) door.slow(lateMs);
  }
  return () => {
    for (const { doors, meshDoor, provider } of seats)
      for (const door of [...doors, meshDoor, provider]) door.mend();
  };
};

export const slowClients: Verb = async ({ world, fault }) => {
  const ways = chosen(world.people, fault.on).flatMap((seat) => seat.ways);
  for (const way of ways) way.slow(Number(fault.how));
  return () => {
    for (const way of ways) way.mend();
  };
};
