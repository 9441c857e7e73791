import { chosen } from "../world.ts";
import type { Verb } from "./verb.ts";

/** SIGSTOP: connections stay open, and nobody answers; SIGCONT at the end. */
export const stopNodes: Verb = async ({ world, fault }) =>
  stop(chosen(world.nodes, fault.on).map((seat) => seat.node));

export const stopClients: Verb = async ({ world, fault }) =>
  stop(chosen(world.people, fault.on).map((seat) => seat.person));

function stop(processes: readonly { readonly freeze: () => void; readonly goOn: () => void }[]) {
  for (const { freeze } of processes) freeze();
  return () => {
    for (const { goOn } of processes) goOn();
  };
}
