import type { RelayTicket } from "../wire/relayTicket.ts";

/** Writes a ticket into the fields of a request; no field without one. */
export function ticketMessage(ticket: RelayTicket | undefined): { ticket?: RelayTicket } {
  return ticket === undefined ? {} : { ticket };
}

export function ticketFromMessage(message: RelayTicket | undefined): { ticket?: RelayTicket } {
  if (message === undefined) return {};
  const { hour, nonces } = message;
  return { ticket: { hour, nonces } };
}
