// The bounds of one call, for both halves, and what it costs its caller. Sizes are in bytes.

/** The longest request: 32 of the largest envelopes. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024 + 64 * 1024;
/** The longest request that holds the caller's positions in topics. */
export const MAX_POSITIONS_BYTES = 1024 * 1024;
/** The longest response message. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
/** About how much a page of entries or envelopes holds, receipts included; it holds at least one item. */
export const MAX_PAGE_BYTES = 1024 * 1024;
export const MAX_ENVELOPES_PER_PUBLISH = 512;
export const MAX_TOPICS_PER_CALL = 4096;
export const MAX_GROUPS_PER_CALL = 4096;
export const MAX_CURSORS_PER_GROUP = 64;
export const MAX_HASHES_PER_CALL = 4096;
/** How many questions about digests a call may have. */
export const MAX_DIGESTS_PER_CALL = 512;
/** How many ranges of logs a question about digests may name. */
export const MAX_SPANS_PER_DIGEST = 1024;
/** About how many rows of its database a node reads for all questions about digests of a call. */
export const MAX_DIGEST_ROWS = 16_384;
/** How many nodes a page lists; each takes about 3 KiB at most. */
export const MAX_NODES_PER_PAGE = 256;
export const MAX_KEYS_PER_CALL = 256;
export const MAX_INBOXES_PER_CALL = 512;
export const MAX_BATCHES_PER_CALL = 256;
export const MAX_WORDS_PER_CALL = 1_000;
/** How many checkpoints, and how many blocks, a question about words has: each is a request to the chain. */
export const MAX_SLOW_WORDS_PER_CALL = 64;
/** How many headers a page has that link batches to their checkpoints. */
export const MAX_LINKING_HEADERS = 2048;

/** How many published bytes a refused envelope counts as: a stranger's costs a node more than a member's. */
export const REFUSED_ENVELOPE_BYTES = 32 * 1024;
/** How many bytes, in or out, cost as much as one small call: about a third of a millisecond. */
export const BYTES_PER_CALL = 64 * 1024;
/** How many fields to decode cost as much as one small call. */
export const FIELDS_PER_CALL = 256;
/** How many rows of the database, beyond those that the answer shows, cost as much as one small call. */
export const ROWS_PER_CALL = 16;
/** How many small calls a request to the chain counts as: the operator may have to pay for it. */
export const CALLS_PER_CHAIN_READ = 4;

/** How often a stream that has nothing new repeats its position, so that its reader sees that it is alive. */
export const STREAM_HEARTBEAT_MS = 2_000;
/** After so long a silence, a stream is dead. */
export const STREAM_SILENCE_MS = 7_000;
/** How long a call may take before it counts as failed. */
export const CALL_TIMEOUT_MS = 15_000;
/** How often a quiet HTTP/2 connection is probed. */
export const PING_INTERVAL_MS = 3_000;
/** How long a probe of an HTTP/2 connection may take; then the connection is dead. */
export const PING_TIMEOUT_MS = 3_000;
/** How long to wait for a server to show whether it speaks HTTP/2; then it is called by HTTP/1.1 meanwhile. */
export const GREETING_PATIENCE_MS = 1_000;
/** When a connection is given up on which the server has shown nothing. */
export const GREETING_TIMEOUT_MS = 10_000;
/** How long a server counts as one that speaks only HTTP/1.1: a proxy in front of it may change. */
export const HTTP1_BELIEF_MS = 5 * 60_000;
