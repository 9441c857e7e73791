import { badArchive } from "../identity/archiveKeys.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import type { ArchiveHead } from "../wire/archive.ts";
import type { InstallationKey } from "../wire/ids.ts";
import { type Client, coreOf } from "./client.ts";
import type { HistoryLock, HistoryProgress } from "./exportHistory.ts";
import { checkHead } from "./history/checkHead.ts";
import { readArchive } from "./history/readArchive.ts";
import { takePage } from "./history/takePage.ts";

export type ImportedHistory = {
  /** The device that has written the archive. */
  readonly installation: InstallationKey;
  /** When, milliseconds since 1970. */
  readonly writtenAtMs: number;
  /** Messages in it that are shown in their place. */
  readonly messages: number;
  /** Those that were not here before. */
  readonly come: number;
  /** Older messages did not fit into it. */
  readonly isCut: boolean;
};

/**
 * Takes an archive into the timelines of this device, page by page: each of them is on disk, all of it, before the next
 * one is read. To read it again, or to go on after a crash, changes nothing twice. What comes so has `origin`, is in no
 * digest and fills no gap. A message that this device has opened itself, now or later, stands in its place.
 *
 * Throws `wrong-key`, `newer-archive`, `foreign-archive`, `wrong-network` before anything is taken, `bad-archive` with
 * whole pages taken, the signal's reason, what `bytes` throws, and what a disk may say.
 */
export async function importHistory(params: {
  client: Client;
  bytes: AsyncIterable<Uint8Array>;
  lock: HistoryLock;
  onProgress?: (progress: HistoryProgress) => void;
  signal?: AbortSignal;
}): Promise<ImportedHistory> {
  const { client, lock, onProgress } = params;
  const core = coreOf(client);
  const signal = params.signal ? AbortSignal.any([params.signal, core.closing.signal]) : core.closing.signal;
  let [messages, come] = [0, 0];
  let head: ArchiveHead | undefined;
  for await (const { chunk, bytes } of readArchive({ bytes: params.bytes, lock })) {
    signal.throwIfAborted();
    if (chunk.kind === "head") {
      head = chunk.head;
      await checkHead({ core, head, signal });
    }
    if (chunk.kind === "page") {
      const { page } = chunk;
      come += await takePage({ core, page, origin: "archive" });
      messages += page.messages.filter(({ content }) => isShown(content)).length;
    }
    onProgress?.({ messages, expected: head?.messages ?? 0, bytes });
    if (chunk.kind === "end" && head) {
      const { installation, writtenAtMs } = head;
      return { installation, writtenAtMs, messages, come, isCut: chunk.end.isCut };
    }
  }
  throw badArchive("it has no end");
}
