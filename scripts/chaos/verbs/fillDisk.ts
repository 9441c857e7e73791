import type { Disk } from "../openDisk.ts";
import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** No byte more has room on these disks. */
export const fillNodes: Verb = ({ world, fault }) => fill(chosen(world.nodes, fault.on));

export const fillClients: Verb = ({ world, fault }) => fill(chosen(world.people, fault.on));

async function fill(seats: readonly { readonly disk: Disk | undefined }[]) {
  const disks = seats.flatMap(({ disk }) => disk ?? []);
  await Promise.all(disks.map((disk) => disk.fill()));
  return async () => void (await Promise.all(disks.map((disk) => disk.free())));
}
