import { setTimeout as delay } from "node:timers/promises";
import type { PersonSeat, World } from "./world.ts";

const PAUSE_MS = 500;
/** To open a database that exists, whatever the network does. */
const OPEN_MS = 60_000;

/** Starts a client's process again and opens its database, until that is done; then it talks if others do. */
export async function revivePerson(params: { world: World; seat: PersonSeat }): Promise<void> {
  const { world, seat } = params;
  const { person, name, place } = seat;
  person.start();
  while (!world.signal.aborted && person.isRunning()) {
    try {
      world.inboxes.set(name, await person.ask("open", place, OPEN_MS));
      world.ended.delete(name);
      await letTalk({ world, seat });
      return;
    } catch (error) {
      const { message } = error as Error;
      if (message === "gone") return;
      if (message === "late") world.failures.push(`${name} has not opened in ${OPEN_MS / 1_000} s`);
      else world.ledger.refused.set(message, (world.ledger.refused.get(message) ?? 0) + 1);
      await delay(PAUSE_MS);
    }
  }
}

/** Goes on with what all talk in now, or stops if nobody talks. */
export async function letTalk(params: { world: World; seat: PersonSeat }): Promise<void> {
  const { world, seat } = params;
  const seed = world.seed + world.people.indexOf(seat) + Math.round(performance.now());
  await seat.person.ask("talk", world.talk && { ...world.talk, seed });
}
