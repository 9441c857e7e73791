import type { RelayTicket } from "../wire/relayTicket.ts";

/** As it stands in a request, or nothing. */
export function ticketMessage(ticket: RelayTicket | undefined): { ticket?: RelayTicket } {
  return ticket === undefined ? {} : { ticket };
}

export function ticketFromMessage(message: RelayTicket | undefined): { ticket?: RelayTicket } {
  if (message === undefined) return {};
  const { hour, nonces } = message;
  return { ticket: { hour, nonces } };
}
