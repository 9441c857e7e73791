import { openAead, sealAead, sha256, signEd25519, verifyEd25519 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import {
  type ArchiveChunk,
  MAX_ARCHIVE_CHUNK_BYTES,
  readArchiveChunk,
  writeArchiveChunk,
} from "../wire/archive.ts";
import { u64, utf8 } from "../wire/bytes.ts";
import { catchFault } from "../wire/catchFault.ts";
import { fromHex, type InstallationKey } from "../wire/ids.ts";
import { pad, padmeLength, unpad } from "../wire/padme.ts";
import { type ArchiveKeys, badArchive } from "./archiveKeys.ts";
import type { Installation } from "./createInstallation.ts";

const SIGNATURE_BYTES = 64;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** The longest ciphertext of a chunk. */
export const MAX_SEALED_CHUNK_BYTES = padmeLength(4 + SIGNATURE_BYTES + MAX_ARCHIVE_CHUNK_BYTES) + TAG_BYTES;

/**
 * Seals a chunk in its place: ChaCha20-Poly1305 over the padded bytes of signature ‖ chunk, with the chunk's number as
 * the nonce and the archive's id bound to it. Throws `too-large`.
 */
export function sealArchiveChunk(params: {
  keys: ArchiveKeys;
  installation: Installation;
  /** The chunk's number, from 0. */
  number: number;
  chunk: ArchiveChunk;
}): Uint8Array {
  const { keys, installation, number, chunk } = params;
  const bytes = writeArchiveChunk(chunk);
  const message = signedBytes({ keys, number, bytes });
  const signature = signEd25519({ privateKey: installation.privateKey, message });
  return sealAead({ ...placeOf(keys, number), plaintext: pad(concatBytes(signature, bytes)) });
}

/**
 * Opens the chunk of this number. `signer`: the installation that the head named; the head itself names it. Throws
 * `bad-archive` for anything but what that installation has put there.
 */
export function openArchiveChunk(params: {
  keys: ArchiveKeys;
  signer: InstallationKey | undefined;
  number: number;
  ciphertext: Uint8Array;
}): ArchiveChunk {
  const { keys, number, ciphertext } = params;
  const padded = openAead({ ...placeOf(keys, number), ciphertext });
  if (!padded) throw badArchive(`chunk ${number} is damaged or in another's place`);
  const read = catchFault(() => {
    const plaintext = unpad(padded);
    const bytes = plaintext.subarray(SIGNATURE_BYTES);
    return { signature: plaintext.slice(0, SIGNATURE_BYTES), bytes, chunk: readArchiveChunk(bytes) };
  });
  if (read instanceof WeftError) throw badArchive(`chunk ${number} breaks a rule of its layout`, read);
  const { signature, bytes, chunk } = read;
  if ((number === 0) !== (chunk.kind === "head")) throw badArchive(`chunk ${number} is a ${chunk.kind}`);
  const signer = chunk.kind === "head" ? chunk.head.installation : params.signer;
  const message = signedBytes({ keys, number, bytes });
  const isSigned = signer !== undefined && verifyEd25519({ publicKey: fromHex(signer), message, signature });
  if (!isSigned) throw badArchive(`chunk ${number} is not signed by the device that the archive names`);
  return chunk;
}

/** True if bytes are what somebody who has the archive's key has sealed for this place. */
export function opensAt(params: { keys: ArchiveKeys; number: number; ciphertext: Uint8Array }): boolean {
  const { keys, number, ciphertext } = params;
  return openAead({ ...placeOf(keys, number), ciphertext }) !== undefined;
}

function placeOf({ id, key }: ArchiveKeys, number: number) {
  return { key, nonce: concatBytes(new Uint8Array(NONCE_BYTES - 8), u64(number)), aad: id };
}

function signedBytes(params: { keys: ArchiveKeys; number: number; bytes: Uint8Array }): Uint8Array {
  const { keys, number, bytes } = params;
  return concatBytes(utf8("weft.archive.v1"), keys.id, u64(number), sha256(bytes));
}
