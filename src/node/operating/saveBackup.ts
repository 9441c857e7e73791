import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isWeftError, WeftError } from "../../errors.ts";
import type { BackupHeader } from "../../store/backup/backupFormat.ts";
import { readBackup } from "../../store/backup/readBackup.ts";

export type SavedBackup = { readonly header: BackupHeader; readonly pairs: number; readonly bytes: number };
/** Hears how many bytes there are so far, and roughly how many there will be. */
export type OnProgress = (progress: { bytes: number; expectedBytes: number }) => void;

const FILE_MODE = 0o600;
const NAME_BYTES = 6;

/**
 * Takes a backup of a running node, from its metrics address, into a file that is there as a whole or not at all, and
 * never in place of another. Throws `node-unreachable`, `bad-backup` if the node breaks off, `bad-config` if the file
 * is there already, `storage` if it can't be written.
 */
export async function saveBackup(params: {
  /** The address of the node's metrics. */
  url: string;
  file: string;
  onProgress: OnProgress;
  signal: AbortSignal;
}): Promise<SavedBackup> {
  const { file } = params;
  const part = `${file}.${randomBytes(NAME_BYTES).toString("hex")}.part`;
  try {
    const chunks = await ask(params);
    let saved: SavedBackup;
    {
      await using handle = await open(part, "wx", FILE_MODE);
      saved = await write({ ...params, handle, chunks });
      await handle.sync();
    }
    await refuseExisting(file);
    await rename(part, file);
    await syncDirectory(dirname(file));
    return saved;
  } catch (cause) {
    await rm(part, { force: true });
    params.signal.throwIfAborted();
    if (isWeftError(cause)) throw cause;
    const message = `the backup ${file} can't be written: ${(cause as Error).message}`;
    throw new WeftError({ code: "storage", message, cause });
  }
}

async function ask(params: { url: string; signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>> {
  const { url, signal } = params;
  const address = new URL("/backup", url);
  const hint = "Name the address of the node's metrics (WEFT_METRICS) by --metrics; the node has to run.";
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (cause) {
    throw new WeftError({ code: "node-unreachable", message: `${address} does not answer`, hint, cause });
  }
  if (response.status === 200 && response.body !== null) return readAll(response.body);
  const said = (await response.text()).trim();
  throw new WeftError({ code: "node-unreachable", message: `${address} answers ${said}`, hint });
}

/** Reads the answer; a node that breaks off is told apart from a disk that fails. */
async function* readAll(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    const hint = "Look into the node's log, then try again.";
    throw new WeftError({ code: "bad-backup", message: "the node broke off the backup", hint, cause });
  }
}

/** Writes the chunks and reads them on the way: only what can be read again is a backup. */
async function write(params: {
  handle: FileHandle;
  chunks: AsyncIterable<Uint8Array>;
  onProgress: OnProgress;
}): Promise<SavedBackup> {
  const { handle, chunks, onProgress } = params;
  let bytes = 0;
  let header: BackupHeader | undefined;
  const written = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      await handle.writeFile(chunk);
      bytes += chunk.length;
      onProgress({ bytes, expectedBytes: header?.expectedBytes ?? 0 });
      yield chunk;
    }
  };
  for await (const part of readBackup(written())) {
    if (part.kind === "header") header = part.header;
    if (part.kind === "end" && header !== undefined) return { header, pairs: Number(part.count), bytes };
  }
  throw new WeftError({ code: "bad-backup", message: "the node sent no backup" });
}

/** Throws `bad-config` if there is a file or directory at this path. */
export async function refuseExisting(path: string): Promise<void> {
  try {
    await using _ = await open(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cause;
  }
  const hint = "Choose another name, or move away what is there.";
  throw new WeftError({ code: "bad-config", message: `${path} is there already`, hint });
}

/** Writes a directory to the disk, so that a new name in it is still there after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, "r");
  await directory.sync();
}
