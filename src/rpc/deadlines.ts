/** How long those who call a server have for what, in milliseconds. */
export type Deadlines = {
  /** The first byte of a connection. */
  readonly firstByteMs: number;
  /** The headers of a request over HTTP/1.1, and all of it. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** The body of a call, and each PACE_BYTES of it. */
  readonly bodyMs: number;
  readonly paceMs: number;
  /** A reader to take something of what was written for it. */
  readonly unreadMs: number;
  /** The next call on a connection, or a session of HTTP/2, that has none. */
  readonly idleMs: number;
  /** Calls that are open when the server stops. */
  readonly drainMs: number;
};

/** So much of a body has to come in `paceMs`. */
export const PACE_BYTES = 4 * 1024;

/**
 * A caller that needs longer for a body has given its call up (CALL_TIMEOUT_MS). A connection rests longer than proxies
 * keep one for its next request, so that they don't send one into its end.
 */
export const deadlines: Deadlines = {
  firstByteMs: 10_000,
  headersMs: 10_000,
  requestMs: 30_000,
  bodyMs: 20_000,
  paceMs: 5_000,
  unreadMs: 20_000,
  idleMs: 75_000,
  drainMs: 2_000,
};
