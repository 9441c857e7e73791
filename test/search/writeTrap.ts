import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import type { Database } from "../../src/store/openDatabase.ts";
import { readRows } from "./memoryDatabase.ts";
import type { Seat } from "./seat.ts";

/** Lets a seat's trap spring at a write to its database. Whoever dies is opened again at once. */
export function setTraps(params: {
  seat: Seat;
  database: Database;
  reopen: () => Promise<void>;
  inBackground: (task: () => Promise<void>) => void;
}): void {
  const { seat, database, reopen, inBackground } = params;
  const { level } = database;
  const write = level.batch.bind(level) as (...args: unknown[]) => Promise<void>;
  const trapped = async (...args: unknown[]): Promise<void> => {
    const { client, trap } = seat;
    if (!client || !trap || trap.after-- > 0) return await write(...args);
    seat.trap = undefined;
    if (trap.kind === "dies") {
      seat.client = undefined;
      inBackground(async () => {
        await crashAtNextWrite({ client, takesEffect: trap.takesEffect });
        seat.rows = await readRows(database);
        await reopen();
      });
      return await (level.batch as unknown as typeof write)(...args);
    }
    if (trap.takesEffect) await write(...args);
    throw new Error("the disk refused");
  };
  level.batch = trapped as typeof level.batch;
}
