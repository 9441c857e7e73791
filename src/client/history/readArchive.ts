import { concatBytes } from "../../crypto/concatBytes.ts";
import { zero } from "../../crypto/zero.ts";
import {
  ARCHIVE_START_BYTES,
  type ArchiveLock,
  badArchive,
  checkArchiveStart,
  openArchiveKeys,
  PREAMBLE_BYTES,
} from "../../identity/archiveKeys.ts";
import { MAX_SEALED_CHUNK_BYTES, openArchiveChunk } from "../../identity/sealArchive.ts";
import { type ByteReader, openByteReader } from "../../store/backup/byteReader.ts";
import type { ArchiveChunk } from "../../wire/archive.ts";
import type { InstallationKey } from "../../wire/ids.ts";

const LENGTH_BYTES = 4;

/** A chunk with how many bytes of the archive are read with it. */
export type ReadChunk = { readonly chunk: ArchiveChunk; readonly bytes: number };

/**
 * Yields an archive's chunks as its bytes come: the head, the pages, the end. Only the end shows that the archive is
 * whole. Throws `bad-archive`, `newer-archive`, `wrong-key`, and what reading the bytes throws.
 */
export async function* readArchive(params: {
  bytes: AsyncIterable<Uint8Array>;
  lock: ArchiveLock;
}): AsyncGenerator<ReadChunk> {
  const { lock } = params;
  const reader = openByteReader(params.bytes);
  const start = await take(reader, ARCHIVE_START_BYTES);
  // Another version may have another preamble.
  checkArchiveStart(start);
  const preamble = concatBytes(start, await take(reader, PREAMBLE_BYTES - ARCHIVE_START_BYTES));
  const keys = await openArchiveKeys({ preamble, lock });
  try {
    let signer: InstallationKey | undefined;
    let bytes = PREAMBLE_BYTES;
    for (let number = 0; ; number++) {
      const length = new DataView((await take(reader, LENGTH_BYTES)).buffer).getUint32(0);
      if (length > MAX_SEALED_CHUNK_BYTES) throw badArchive("it is damaged");
      const ciphertext = await take(reader, length);
      const chunk = openArchiveChunk({ keys, signer, number, ciphertext });
      if (chunk.kind === "head") signer = chunk.head.installation;
      bytes += LENGTH_BYTES + length;
      if (chunk.kind === "end") {
        if (chunk.end.pages !== number - 1) throw badArchive("its end counts other pages");
        if ((await reader.take(1)) !== undefined) throw badArchive("something follows its end");
      }
      yield { chunk, bytes };
      if (chunk.kind === "end") return;
    }
  } finally {
    zero(keys.key);
  }
}

async function take(reader: ByteReader, length: number): Promise<Uint8Array> {
  const taken = await reader.take(length);
  if (taken) return taken;
  throw badArchive("it is cut off");
}
