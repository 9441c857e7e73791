/** The restricted profile in numbers. Sizes in bytes. */

/** MLS 1.0 and MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519, the only version and suite. */
export const PROTOCOL_VERSION = 1;
export const CIPHER_SUITE = 0x0003;
/** The basic credential (RFC 9420, section 5.3). */
export const BASIC_CREDENTIAL = 1;
/** The one extension of the group context: private use, opaque to this room. Leaves list it as a capability. */
export const WEFT_GROUP_CONTEXT = 0xf100;

export const HASH_LENGTH = 32;
export const KEY_LENGTH = 32;
export const NONCE_LENGTH = 12;
export const TAG_LENGTH = 16;
export const SIGNATURE_LENGTH = 64;

/** Members of a group; the tree is at most the next power of two wide. */
export const MAX_MEMBERS = 1000;
export const MAX_TREE_WIDTH = 1024;
export const MAX_TREE_BYTES = 2 * 1024 * 1024;
export const MAX_MESSAGE_BYTES = 1024 * 1024;
export const MAX_IDENTITY_BYTES = 1024;
export const MAX_GROUP_ID_BYTES = 255;
export const MAX_GROUP_CONTEXT_BYTES = 64 * 1024;
export const MAX_CAPABILITIES = 64;
export const MAX_EXTENSIONS = 16;

/** Generations of a sender whose skipped keys are kept, counted back from its newest. */
export const MAX_GENERATIONS_BACK = 1000;
/** Generations that one message may skip. */
export const MAX_GENERATIONS_FORWARD = 4096;
