import type { Seat } from "./openWorld.ts";

const RESIDENT = /^process_resident_memory_bytes (\d+)/m;

/** Bytes of memory that a node's process holds, as it says in its metrics. */
export async function readMemory(seat: Seat): Promise<number> {
  const { metrics } = seat.node.addresses;
  const text = await (await fetch(`${metrics}`)).text();
  const bytes = Number(RESIDENT.exec(text)?.[1]);
  if (!(bytes > 0)) throw new Error(`${seat.host.name} does not tell its memory`);
  return bytes;
}
