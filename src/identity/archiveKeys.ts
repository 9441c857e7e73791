import { hkdfExpand, hkdfExtract, randomBytes, scrypt, sha256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { u32, utf8 } from "../wire/bytes.ts";
import { spell, unspell } from "./spelling.ts";

/** What locks an archive and opens it again. */
export type ArchiveLock =
  /** A recovery text, as `createRecoveryText` draws it. */
  | { readonly kind: "recovery"; readonly text: string }
  | { readonly kind: "passphrase"; readonly passphrase: string }
  /** 32 random bytes that people never see. */
  | { readonly kind: "secret"; readonly secret: Uint8Array };

/** The keys of one archive. */
export type ArchiveKeys = {
  /** The first bytes of the archive, in the clear: its version, and what makes the key of the lock. */
  readonly preamble: Uint8Array;
  /** SHA-256 of the preamble. */
  readonly id: Uint8Array;
  /** 32 bytes. */
  readonly key: Uint8Array;
};

/** The version of the layout; earlier ones are read, too. */
export const ARCHIVE_VERSION = 1;
const ARCHIVE_MAGIC = utf8("weft-archive");
/** Magic and version: every version begins so. */
export const ARCHIVE_START_BYTES = ARCHIVE_MAGIC.length + 4;
/** Kind of lock (u8) ‖ log2 N (u8) ‖ salt ‖ check. */
const LOCK_BYTES = 2 + 2 * 32;
export const PREAMBLE_BYTES = ARCHIVE_START_BYTES + LOCK_BYTES;

const lockKinds = { secret: 0, passphrase: 1 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 32;
const CHECKSUM_BYTES = 3;
/** 128 MiB and about a second for each guess. */
const SCRYPT_LOG2N = 17;
/** What others may have chosen: the reader's memory and time are bounded. */
const SCRYPT_LOG2N_BOUNDS = { least: 14, most: 18 } as const;

/** Draws a key and gives it as the text that a person keeps: 32 random bytes and three of their hash. */
export function createRecoveryText(): string {
  const secret = randomBytes(KEY_BYTES);
  const text = spell(concatBytes(secret, checksumOf(secret)));
  zero(secret);
  return text;
}

/** Draws the keys of a new archive. Throws `wrong-key` for what is no recovery text and for an empty passphrase. */
export async function createArchiveKeys(lock: ArchiveLock): Promise<ArchiveKeys> {
  const salt = randomBytes(SALT_BYTES);
  const log2N = lock.kind === "passphrase" ? SCRYPT_LOG2N : 0;
  const { key, check } = await deriveKeys({ lock, salt, log2N });
  const kind = Uint8Array.of(lock.kind === "passphrase" ? lockKinds.passphrase : lockKinds.secret, log2N);
  return keysOf(concatBytes(ARCHIVE_MAGIC, u32(ARCHIVE_VERSION), kind, salt, check), key);
}

/**
 * Checks the first bytes of an archive. Throws `bad-archive` for other bytes, `newer-archive` for a version that this
 * program does not know.
 */
export function checkArchiveStart(bytes: Uint8Array): void {
  if (!equalBytes(bytes.subarray(0, ARCHIVE_MAGIC.length), ARCHIVE_MAGIC)) throw badArchive("it is none");
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint32(ARCHIVE_MAGIC.length);
  if (version > ARCHIVE_VERSION) {
    const message = `the archive has version ${version}, this program reads versions up to ${ARCHIVE_VERSION}`;
    throw new WeftError({ code: "newer-archive", message });
  }
  if (version < 1) throw badArchive("it has no version");
}

/** Opens an archive's preamble. Throws as `checkArchiveStart`, and `wrong-key` for a lock that is not its own. */
export async function openArchiveKeys(params: {
  preamble: Uint8Array;
  lock: ArchiveLock;
}): Promise<ArchiveKeys> {
  const { preamble, lock } = params;
  if (preamble.length !== PREAMBLE_BYTES) throw badArchive("it is cut off");
  checkArchiveStart(preamble);
  const [kind = 0, log2N = 0] = preamble.subarray(ARCHIVE_START_BYTES);
  const salt = preamble.subarray(ARCHIVE_START_BYTES + 2, ARCHIVE_START_BYTES + 2 + SALT_BYTES);
  const { least, most } = SCRYPT_LOG2N_BOUNDS;
  const isPassphrase = kind === lockKinds.passphrase;
  const isKnown = isPassphrase ? log2N >= least && log2N <= most : kind === lockKinds.secret && log2N === 0;
  if (!isKnown) throw badArchive("it is locked in a way that no version has");
  if (isPassphrase !== (lock.kind === "passphrase")) {
    throw wrongKey(isPassphrase ? "the archive has a passphrase" : "the archive has a recovery text");
  }
  const { key, check } = await deriveKeys({ lock, salt, log2N });
  if (equalBytes(check, preamble.subarray(-KEY_BYTES))) return keysOf(preamble, key);
  zero(key);
  throw wrongKey("the archive has another key");
}

/** Makes the error `bad-archive`; `why` ends its message. */
export function badArchive(why: string, cause?: unknown): WeftError {
  return new WeftError({ code: "bad-archive", message: `the archive can't be read: ${why}`, cause });
}

function keysOf(preamble: Uint8Array, key: Uint8Array): ArchiveKeys {
  return { preamble, id: sha256(preamble), key };
}

/** `check` shows that a lock is the archive's, so that one archive has one key. */
async function deriveKeys(params: {
  lock: ArchiveLock;
  salt: Uint8Array;
  log2N: number;
}): Promise<{ readonly key: Uint8Array; readonly check: Uint8Array }> {
  const { lock, salt, log2N } = params;
  const ikm = await secretOf({ lock, salt, log2N });
  const prk = hkdfExtract({ salt, ikm });
  const expand = (info: string) => hkdfExpand({ prk, info: utf8(info), length: KEY_BYTES });
  const keys = { key: expand("weft.archive.v1 key"), check: expand("weft.archive.v1 check") };
  zero(ikm, prk);
  return keys;
}

/** Gives the secret of a lock, as bytes that the caller may erase. */
async function secretOf(params: { lock: ArchiveLock; salt: Uint8Array; log2N: number }): Promise<Uint8Array> {
  const { lock, salt, log2N } = params;
  switch (lock.kind) {
    case "secret":
      return Uint8Array.from(lock.secret);
    case "recovery": {
      const bytes = unspell(lock.text, KEY_BYTES + CHECKSUM_BYTES);
      const secret = bytes?.slice(0, KEY_BYTES);
      if (!bytes || !secret || !equalBytes(bytes.subarray(KEY_BYTES), checksumOf(secret))) {
        throw wrongKey("that is no recovery text");
      }
      return secret;
    }
    case "passphrase": {
      if (lock.passphrase === "") throw wrongKey("a passphrase has characters");
      // However a keyboard composes its letters, they are the same bytes.
      const password = utf8(lock.passphrase.normalize("NFKC"));
      return await scrypt({ password, salt, log2N, length: KEY_BYTES });
    }
  }
}

function checksumOf(secret: Uint8Array): Uint8Array {
  return sha256(concatBytes(utf8("weft.recovery.v1"), secret)).subarray(0, CHECKSUM_BYTES);
}

function wrongKey(message: string): WeftError {
  return new WeftError({ code: "wrong-key", message });
}
