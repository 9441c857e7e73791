import { reviveNode } from "../reviveNode.ts";
import { revivePerson } from "../revivePerson.ts";
import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** `kill -9`; at the end they are started again. */
export const killNodes: Verb = async ({ world, fault }) => {
  const seats = chosen(world.nodes, fault.on);
  for (const { name } of seats) world.ended.add(name);
  await Promise.all(seats.map(({ node }) => node.stop("kill")));
  return () => {
    for (const seat of seats) void reviveNode({ world, seat });
  };
};

export const killClients: Verb = async ({ world, fault }) => {
  const seats = chosen(world.people, fault.on);
  for (const { name } of seats) world.ended.add(name);
  await Promise.all(seats.map(({ person }) => person.kill()));
  return () => {
    for (const seat of seats) void revivePerson({ world, seat });
  };
};
