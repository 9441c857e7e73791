import { solvePuzzles } from "../../crypto/solvePuzzles.ts";
import type { RelayAnswer } from "../../rpc/nodeApi.ts";
import type { RelayOutcome } from "../../wire/relayOutcome.ts";
import { isBearable, puzzlesOf, type RelayTicket, type TicketPlace } from "../../wire/relayTicket.ts";

/** How far the work has come that a node asks for before it relays for somebody new. */
export type WorkProgress = { readonly solved: number; readonly of: number };

/** Tickets by place, each for the hour that it names, and the function that hears of the work. */
export type Tickets = {
  readonly known: Map<string, Promise<RelayTicket>>;
  readonly onWork: (progress: WorkProgress) => void;
};

const MAX_TICKETS = 256;
/** How often a node is asked: the hour may be over when the work is done. */
const TRIES = 3;
/** A node that asks for too much work is left for so long: what it asks changes by the hour, if at all. */
const DEAR_WORK_WAIT_MS = 60_000;

export function createTickets(onWork: Tickets["onWork"] = () => undefined): Tickets {
  return { known: new Map(), onWork };
}

/**
 * Has a node relay something, with the ticket that there is for it. If the node wants work, it is done first, once for
 * all that is relayed for the same group or inbox within the hour. A node that asks for more work than a client bears
 * counts as one that refuses with `limit-exceeded`. Throws what `ask` throws, and the signal's reason.
 */
export async function withTicket(params: {
  tickets: Tickets;
  place: TicketPlace;
  ask: (ticket: RelayTicket | undefined) => Promise<RelayAnswer>;
  signal: AbortSignal;
}): Promise<RelayOutcome> {
  const { tickets, place, ask, signal } = params;
  const { known, onWork } = tickets;
  const key = `${place.node} ${place.subject}`;
  for (let tries = 0; tries < TRIES; tries++) {
    const answer = await ask(await known.get(key)?.catch(() => undefined));
    if (answer.kind !== "work-required") return answer;
    const { demand } = answer;
    if (!isBearable(demand)) break;
    const puzzles = puzzlesOf({ place, demand });
    onWork({ solved: 0, of: puzzles.count });
    const onProgress = (solved: number): void => onWork({ solved, of: puzzles.count });
    const solving = solvePuzzles({ puzzles, onProgress, signal }).then((nonces) => ({
      hour: demand.hour,
      nonces,
    }));
    known.delete(key);
    known.set(key, solving);
    for (const oldest of known.keys()) {
      if (known.size <= MAX_TICKETS) break;
      known.delete(oldest);
    }
    await solving;
  }
  const hint = "This node asks for more work than this version does: use another node.";
  return { kind: "refused", code: "limit-exceeded", hint, retryAfterMs: DEAR_WORK_WAIT_MS };
}
