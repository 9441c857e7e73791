/** How long a server waits for its callers, in milliseconds. */
export type Deadlines = {
  /** How long a connection may take to its first byte. */
  readonly firstByteMs: number;
  /** How long the headers of a request may take, over HTTP/1.1. */
  readonly headersMs: number;
  /** How long a whole request may take, over HTTP/1.1. */
  readonly requestMs: number;
  /** How long the whole body of a call may take. */
  readonly bodyMs: number;
  /** How long each PACE_BYTES of a body may take. */
  readonly paceMs: number;
  /** How long a reader may take nothing of what was written for it. */
  readonly unreadMs: number;
  /** How long a connection, or an HTTP/2 session, may have no open call. */
  readonly idleMs: number;
  /** How long open calls may take to end when the server stops. */
  readonly drainMs: number;
};

/** How much of a body has to come in `paceMs`. */
export const PACE_BYTES = 4 * 1024;

/**
 * The usual deadlines. A caller that needs longer for a body has given up its call (CALL_TIMEOUT_MS). A connection may
 * rest longer than proxies keep theirs, so that no proxy sends a request into a connection that is being closed.
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
