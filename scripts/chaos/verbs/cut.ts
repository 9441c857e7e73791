import type { TcpProxy } from "../../../test/support/tcpProxy.ts";
import { chosen, type World } from "../world.ts";
import type { Verb } from "./verb.ts";

/** `closed`: connections end and new ones are refused; `silent`: nothing passes, and nobody is told. */
export const cutClients: Verb = async ({ world, fault }) => {
  const ways = chosen(world.people, fault.on).flatMap((seat) => seat.ways);
  cut(ways, fault.how);
  return () => mend(ways);
};

/** From clients, from the chain and from the other nodes. */
export const cutNodes: Verb = async ({ world, fault }) => {
  const seats = chosen(world.nodes, fault.on);
  const doors = seats.flatMap((seat) => seat.doors);
  cut(doors, fault.how);
  for (const { provider } of seats) await provider.turn(fault.how === "closed" ? "gone" : "silent");
  await part({ world, sides: seats.map(({ node }) => [node.number]) });
  return () => {
    mend(doors);
    for (const { provider } of seats) provider.mend();
    heal(world);
  };
};

/** From each other; `silent` between all of them. */
export const cutMesh: Verb = async ({ world, fault }) => {
  if (fault.how === "closed") {
    await part({ world, sides: chosen(world.nodes, fault.on).map(({ node }) => [node.number]) });
    return () => heal(world);
  }
  const doors = world.nodes.map(({ meshDoor }) => meshDoor);
  cut(doors, fault.how);
  return () => mend(doors);
};

function cut(ways: readonly TcpProxy[], how: string): void {
  for (const way of ways) {
    if (how === "closed") way.cut();
    else way.hold();
  }
}

function mend(ways: readonly TcpProxy[]): void {
  for (const way of ways) way.mend();
}

/** One that is down or stands still is told when it can hear. */
async function part(params: { world: World; sides: readonly (readonly number[])[] }): Promise<void> {
  await Promise.race([params.world.devnet.links.partition(params.sides).catch(() => undefined), soon()]);
}

function heal({ devnet }: World): void {
  void devnet.links.heal().catch(() => undefined);
}

const PATIENCE_MS = 3_000;

function soon(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, PATIENCE_MS));
}
