import { concatBytes } from "../crypto/concatBytes.ts";
import { zero } from "../crypto/zero.ts";
import { type ArchiveLock, createArchiveKeys } from "../identity/archiveKeys.ts";
import { sealArchiveChunk } from "../identity/sealArchive.ts";
import { networkIdentity } from "../store/openDatabase.ts";
import type { ArchiveChunk } from "../wire/archive.ts";
import { u32 } from "../wire/bytes.ts";
import { type Client, coreOf } from "./client.ts";
import { countHistory, nextPage, startOfHistory } from "./history/historyPages.ts";
import { shownMs } from "./nodes/chainTime.ts";

/** How a person keeps an archive closed. */
export type HistoryLock = Exclude<ArchiveLock, { readonly kind: "secret" }>;

/** How far an archive is written or read. */
export type HistoryProgress = {
  /** Messages that are shown in their place, so far. */
  readonly messages: number;
  /** About how many there are. */
  readonly expected: number;
  /** Bytes of the archive so far. */
  readonly bytes: number;
};

/**
 * Writes the history of all conversations as an encrypted archive, newest first, and gives its bytes as they are read:
 * memory holds one page at a time. What was deleted or has expired is left out. The archive is whole once the iteration
 * has ended. Throws `wrong-key` for a lock that can't be one, the signal's reason, and what a disk may say.
 */
export async function* exportHistory(params: {
  client: Client;
  lock: HistoryLock;
  onProgress?: (progress: HistoryProgress) => void;
  signal?: AbortSignal;
}): AsyncGenerator<Uint8Array> {
  const { client, lock, onProgress, signal } = params;
  const core = coreOf(client);
  const { inbox, installation } = core.self;
  const keys = await createArchiveKeys(lock);
  let [number, messages, bytes] = [0, 0, keys.preamble.length];
  const sealed = (chunk: ArchiveChunk): Uint8Array => {
    const ciphertext = sealArchiveChunk({ keys, installation, number: number++, chunk });
    bytes += 4 + ciphertext.length;
    return concatBytes(u32(ciphertext.length), ciphertext);
  };
  try {
    yield keys.preamble;
    let places = await startOfHistory(core);
    const expected = await countHistory(core, places);
    const head = {
      ...{ network: networkIdentity(core.network), inbox, installation: installation.key },
      ...{ writtenAtMs: shownMs(core.links), messages: expected },
    };
    yield sealed({ kind: "head", head });
    for (;;) {
      signal?.throwIfAborted();
      const next = await nextPage({ core, places });
      if (!next) break;
      const { page, shown } = next;
      places = next.places;
      messages += shown;
      yield sealed({ kind: "page", page });
      onProgress?.({ messages, expected, bytes });
    }
    yield sealed({ kind: "end", end: { pages: number - 1, isCut: false } });
    onProgress?.({ messages, expected, bytes });
  } finally {
    zero(keys.key);
  }
}
