/** Bounds of one call, for both halves, and what it costs its caller. Sizes in bytes, times as named. */

/** One request: 32 of the largest envelopes. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024 + 64 * 1024;
/** A request that says what one has of topics. */
export const MAX_POSITIONS_BYTES = 1024 * 1024;
/** One response message. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;
/** Entries, envelopes and receipts of one page, about; a page holds at least one item. */
export const MAX_PAGE_BYTES = 1024 * 1024;
export const MAX_ENVELOPES_PER_PUBLISH = 512;
export const MAX_TOPICS_PER_CALL = 4096;
export const MAX_GROUPS_PER_CALL = 4096;
export const MAX_CURSORS_PER_GROUP = 64;
export const MAX_HASHES_PER_CALL = 4096;
/** Questions about digests of one call, runs of one question, and envelopes that a node walks for all of them. */
export const MAX_DIGESTS_PER_CALL = 512;
export const MAX_SPANS_PER_DIGEST = 1024;
export const MAX_DIGEST_ROWS = 16_384;
/** Records of the registry: about 3 KiB each, at most. */
export const MAX_NODES_PER_PAGE = 256;
export const MAX_KEYS_PER_CALL = 256;
export const MAX_INBOXES_PER_CALL = 512;
export const MAX_BATCHES_PER_CALL = 256;
export const MAX_WORDS_PER_CALL = 1_000;
/** Checkpoints, and blocks, of one reading of words: each is a request of its own to the chain. */
export const MAX_SLOW_WORDS_PER_CALL = 64;
/** Of one page that links batches to their checkpoints. */
export const MAX_LINKING_HEADERS = 2048;

/** What a refused envelope counts as: a stranger's costs a node more than a member's. */
export const REFUSED_ENVELOPE_BYTES = 32 * 1024;
/** What costs as much as one small call more, about a third of a millisecond: bytes in or out, fields to decode, … */
export const BYTES_PER_CALL = 64 * 1024;
export const FIELDS_PER_CALL = 256;
/** … rows of the database beyond what the answer shows, … */
export const ROWS_PER_CALL = 16;
/** … and a request to the chain, which the operator may have to pay for. */
export const CALLS_PER_CHAIN_READ = 4;

/** A stream that has nothing to say repeats where it stands, so that its reader can tell silence from death. */
export const STREAM_HEARTBEAT_MS = 2_000;
/** A stream that is silent for longer is dead. */
export const STREAM_SILENCE_MS = 7_000;
/** How long a call may take before it counts as failed. */
export const CALL_TIMEOUT_MS = 15_000;
/** HTTP/2 connections are probed this often and given up after this long. */
export const PING_INTERVAL_MS = 3_000;
export const PING_TIMEOUT_MS = 3_000;
/** A server that has not shown by then whether it speaks HTTP/2 is asked by HTTP/1.1 meanwhile. */
export const GREETING_PATIENCE_MS = 1_000;
/** A connection on which a server has shown nothing by then is given up. */
export const GREETING_TIMEOUT_MS = 10_000;
/** How long a server that has shown that it speaks HTTP/1.1 only is believed it: what stands before it may change. */
export const HTTP1_BELIEF_MS = 5 * 60_000;
