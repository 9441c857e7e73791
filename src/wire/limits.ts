/** The network's limits and constants: every peer must agree on them. Sizes in bytes, times as named. */

/**
 * The version of the group context, and of new groups; earlier ones are read, and a client that meets a newer one
 * pauses.
 */
export const PROTOCOL_VERSION = 2;
/** The first version with `returning` and `extra`. */
export const RETURNING_VERSION = 2;
/** The first version whose messages have relations and parts. */
export const PARTS_VERSION = 2;
/** Topic and payload of an envelope together. */
export const MAX_ENVELOPE_BYTES = 128 * 1024;
/** A smaller envelope counts as so many bytes where they are shared out. */
export const LEAST_ENVELOPE_COST = 512;
/** Payload of an entry: sequencers refuse larger transactions. */
export const MAX_ENTRY_PAYLOAD_BYTES = 84_000;
/** What a member says in one message, in canonical encoding. */
export const MAX_CONTENT_BYTES = 66 * 1024;
/** Text of one message in groups of version 1. */
export const MAX_TEXT_BYTES = 64 * 1024;
/** Parts of a message. */
export const MAX_PARTS = 16;
/** Of a part: its media type, what is shown to whoever does not know that, and a file's name. */
export const MAX_PART_TYPE_BYTES = 128;
export const MAX_FALLBACK_BYTES = 1024;
export const MAX_PART_NAME_BYTES = 256;
/** Places of an external part, and bytes of one. */
export const MAX_URLS = 4;
export const MAX_URL_BYTES = 2048;
/** What a register is kept for besides its target: of a reaction, its text. */
export const MAX_RELATION_KEY_BYTES = 64;
/** Registers of reactions that count of one inbox for one message: the latest ones. */
export const MAX_REACTIONS_PER_INBOX = 32;
/** Notes in one part of an own room's message, and the value of one. */
export const MAX_NOTES = 1024;
export const MAX_NOTE_BYTES = 16 * 1024;
/** Notes of one kind that a device takes from others. */
export const MAX_NOTES_OF_KIND = 16_384;
/** What a person calls somebody. */
export const MAX_GIVEN_NAME_BYTES = 256;
/** Parents of a message; one that names more is refused. */
export const MAX_PARENTS = 2;
/** Causal depth of a message within its epoch. */
export const MAX_DEPTH = 2 ** 31 - 1;
export const MAX_REPLACES = 16;
export const MAX_GROUP_NAME_BYTES = 256;
/** Installations in a group: a path commit is linear in fresh members. */
export const MAX_MEMBERS = 1000;
/** Leaves of one inbox in a group, so that nobody has others pay for devices without end. */
export const MAX_INSTALLATIONS_PER_INBOX = 16;
/** Installations that a group awaits at a time, and that one commit takes out to be added again. */
export const MAX_RETURNING = 256;
export const MAX_REPAIRS_PER_COMMIT = 64;
/** Settings of a group that this version does not know. */
export const MAX_EXTRA_BYTES = 4096;
/** The longest time after which a group may let its messages disappear: a year. */
export const MAX_DISAPPEARING_SECONDS = 365 * 24 * 3600;
/** Members added by one commit and bytes of their Adds, so that its payload stays below MAX_ENTRY_PAYLOAD_BYTES. */
export const MAX_ADDS_PER_COMMIT = 200;
export const MAX_ADD_BYTES_PER_COMMIT = 80_000;

/** Envelopes in one batch and bytes of their envelopes, before framing. */
export const MAX_BATCH_ENVELOPES = 1024;
export const MAX_BATCH_BYTES = 192 * 1024;
export const BATCH_HEADER_BYTES = 416;
/** One page of the sync protocol; below the stream reader's buffer. */
export const MAX_SYNC_PAGE_BYTES = 512 * 1024;
export const MAX_SYNC_FRAME_BYTES = MAX_SYNC_PAGE_BYTES + 2 * MAX_BATCH_BYTES;

/** Welcomes share 2^8 buckets, so that recipients hide among others. */
export const WELCOME_BUCKET_BITS = 8;
/** Zero bits of the proof of work of up to WORK_UNIT_BYTES (16 KiB and their framing); one more for each doubling. */
export const PROOF_OF_WORK_BITS = 12;
export const WORK_UNIT_BYTES = 16_896;
export const GROUP_INFO_CHUNK_BYTES = 64 * 1024;
export const MAX_GROUP_INFO_CHUNKS = 64;

/** An entry names a registry block at most this many blocks before its own. */
export const REGISTRY_WINDOW_BLOCKS = 14_400;
/**
 * Requests and evidence that a commit can't be followed count if they land at most this many blocks after it: an hour
 * where blocks take 250 ms. A longer time would let members who are away ask later. But during all of that time the
 * adopted commit may be undone, and the keys of the epoch before it have to be kept.
 */
export const VOID_BLOCKS = 14_400;
/** The block at which a repair says that it was made lies at most this far from its own: five minutes at 250 ms. */
export const REPAIR_WINDOW_BLOCKS = 1_200;
/** A plain member's upkeep keeps this distance from the last commit of its inbox and from the branch's last Add. */
export const UPKEEP_DISTANCE_BLOCKS = 8;
/** What a removed or revoked sender said counts if it is checkpointed at most this many blocks after the fence. */
export const FENCE_BLOCKS = 40;
/**
 * A batch counts in a shard if its node served that shard at the batch's anchor or at most this many blocks away from
 * it: so no reorganization that moves the change of a node's shards makes void what the node has acknowledged.
 */
export const SHARD_GRACE_BLOCKS = 64;
/** A batch is judged at once if its anchor lies at most this far beyond what its judge has read: blocks come unevenly. */
export const ANCHOR_LEAD_BLOCKS = 4;
/**
 * For this many blocks after a node has said that it leaves, its batches count also if no checkpoint covers them, so
 * that peers can fetch the last ones: an hour where blocks take 250 ms. During this time the node's bond still answers
 * for them.
 */
export const LEAVING_GRACE_BLOCKS = 14_400;
/**
 * Batches of so many of a node's newest generations count as they come, those of older ones as far as checkpoints cover
 * them.
 */
export const MAX_LIVE_GENERATIONS = 16;
/** Distance of two commits by one member who is no admin. */
export const ROTATION_INTERVAL_BLOCKS = 8;
/** A message is in time within this many commits, or this many seconds, after its epoch's end. */
export const LATE_COMMITS = 8;
export const LATE_SECONDS = 600;
/** The most that a group may set these three to: so long the keys of an epoch have to be kept. */
export const MAX_LATE_COMMITS = 64;
export const MAX_LATE_SECONDS = 23 * 3600;
export const MAX_ROTATION_INTERVAL_BLOCKS = 14_400;

/** Logs that a position in a topic names, and that a node's word names of how far it holds them. */
export const MAX_VECTOR_LOGS = 4096;

/** Clock difference that peers forgive in a batch header. */
export const MAX_CLOCK_SKEW_MS = 30_000;
