import { sha256Start } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import type { Puzzles } from "../crypto/puzzleSearch.ts";
import { u32, utf8 } from "./bytes.ts";
import { fromHex, type GroupId, type InboxId, type NodeId } from "./ids.ts";

/**
 * What a node asks of those who have nothing on the chain yet: so many puzzles for an hour (counted from 1970).
 */
export type WorkDemand = { readonly hour: number; readonly puzzles: number; readonly bits: number };

/** The work that was done for a demand. */
export type RelayTicket = {
  readonly hour: number;
  /** The nonce of each puzzle: u32, big-endian. */
  readonly nonces: Uint8Array;
};

/** What a ticket is good for: one group, or inbox, by one node, whatever is relayed for it. */
export type TicketPlace = { readonly node: NodeId; readonly subject: GroupId | InboxId };

const NONCE_BYTES = 4;
const HOUR_MS = 3_600_000;
/** The most hashes that a client does for a ticket: five seconds on a phone. */
const MAX_HASHES = 2 ** 19;

/**
 * Gives the hour, counted from 1970.
 * @param ms by the network's time
 */
export function hourOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

/**
 * Gives the puzzles of a demand: SHA-256("weft.ticket.v1" ‖ node ‖ hour (u32) ‖ subject ‖ puzzle's number (u32) ‖ nonce
 * (u32)) has to start with `bits` zero bits.
 */
export function puzzlesOf(params: { place: TicketPlace; demand: WorkDemand }): Puzzles {
  const { place, demand } = params;
  const { hour, puzzles: count, bits } = demand;
  const prefix = concatBytes(utf8("weft.ticket.v1"), fromHex(place.node), u32(hour), fromHex(place.subject));
  return { prefix, count, bits };
}

/** True if a client does that much work for a node that it does not know. */
export function isBearable({ puzzles, bits }: WorkDemand): boolean {
  return bits <= 32 && puzzles * 2 ** bits <= MAX_HASHES;
}

/** True if a ticket was made for this place and hour, and is all that is asked for. */
export function isGoodTicket(params: {
  place: TicketPlace;
  demand: WorkDemand;
  ticket: RelayTicket;
}): boolean {
  const { demand, ticket } = params;
  if (ticket.hour !== demand.hour || ticket.nonces.length !== demand.puzzles * NONCE_BYTES) return false;
  const { prefix, count, bits } = puzzlesOf(params);
  return Array.from({ length: count }).every((_, i) => {
    const nonce = ticket.nonces.subarray(i * NONCE_BYTES, (i + 1) * NONCE_BYTES);
    return Math.clz32(sha256Start(concatBytes(prefix, u32(i), nonce))) >= bits;
  });
}
