import type { Database } from "../../store/openDatabase.ts";
import type { Write } from "../../store/writeAtomic.ts";
import type { GroupId, MessageId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";

/** Messages of others are numbered on this device as they come, so that a reader can go on where it was. */
export type Arrivals = {
  next: number;
  /** Numbers whose batch is being written: nobody reads beyond the first of them, since it may still come. */
  readonly underWay: Set<number>;
};

/** How many arrivals are kept for readers that were away. */
export const MAX_ARRIVALS = 100_000;

/** Opens the numbers where the database left them. */
export async function openArrivals(database: Database): Promise<Arrivals> {
  let last = 0;
  for await (const { fields } of tables.arrival.rows(database, { reverse: true, limit: 1 })) {
    last = Number(fields.number);
  }
  return { next: last + 1, underWay: new Set() };
}

/**
 * Numbers the messages that a batch lets come, and gives the writes for that. The caller calls `over` when the batch is
 * written, or has failed.
 */
export function numberArrivals(params: {
  arrivals: Arrivals;
  group: GroupId;
  arrived: readonly MessageId[];
}): { readonly writes: readonly Write[]; readonly over: () => void } {
  const { arrivals, group, arrived } = params;
  const numbers = arrived.map(() => arrivals.next++);
  for (const number of numbers) arrivals.underWay.add(number);
  const writes = arrived.flatMap((id, i) => {
    const number = numbers[i] ?? 0;
    const old = number - MAX_ARRIVALS;
    return [
      tables.arrival.put({ number }, { group, id }),
      ...(old > 0 ? [tables.arrival.del({ number: old })] : []),
    ];
  });
  const over = (): void => {
    for (const number of numbers) arrivals.underWay.delete(number);
  };
  return { writes, over };
}

/** The last number before the first one whose batch is still being written: up to it nothing comes any more. */
export function lastArrival({ next, underWay }: Arrivals): number {
  return Math.min(next, ...underWay) - 1;
}
