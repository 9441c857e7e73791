import {
  hourOf,
  isGoodTicket,
  type RelayTicket,
  type TicketPlace,
  type WorkDemand,
} from "../../wire/relayTicket.ts";
import type { Relaying } from "./relaying.ts";

/**
 * How many puzzles a ticket takes: about 65,536 hashes in all, and hardly ever half as many again, so that registering
 * and a first group take 1.3 s at 100,000 hashes a second. Work slows, and no more: a graphics card out-hashes a phone.
 */
const TICKET_PUZZLES = 16;
const PUZZLE_BITS = 12;
/** A ticket counts in its hour and in the one after it; in the hour before it as well, for a clock that is ahead. */
const HOURS_AROUND = [0, -1, 1];

/** The work that the caller has to do first; undefined: none, since it was done or few newcomers came lately. */
export function demandWork(params: {
  relaying: Relaying;
  subject: TicketPlace["subject"];
  isNewcomer: boolean;
  ticket: RelayTicket | undefined;
}): WorkDemand | undefined {
  const { relaying, subject, isNewcomer, ticket } = params;
  if (relaying.policy !== "work" || !isNewcomer || !isCrowded(relaying)) return undefined;
  const now = hourOf(relaying.networkMs());
  const place = { node: relaying.node, subject };
  const demands = HOURS_AROUND.map((by) => ({ hour: now + by, puzzles: TICKET_PUZZLES, bits: PUZZLE_BITS }));
  const isDone = ticket !== undefined && demands.some((demand) => isGoodTicket({ place, demand, ticket }));
  return isDone ? undefined : demands[0];
}

/** True if newcomers have used up so much of their part that the rest is for those who work. */
function isCrowded({ budget, workFrom }: Relaying): boolean {
  const { newcomers, newcomersAtMost } = budget.left();
  return newcomers <= workFrom * newcomersAtMost;
}
