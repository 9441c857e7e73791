import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isWeftError, WeftError } from "../../errors.ts";
import { type Imported, importDatabase } from "../../store/backup/importDatabase.ts";
import { readNetwork } from "../readNetwork.ts";
import { type OnProgress, refuseExisting, syncDirectory } from "./saveBackup.ts";

const DIRECTORY_MODE = 0o700;

/**
 * Makes the database of a data directory from a backup. It is there as a whole or not at all, and never in place of
 * another. Throws `bad-backup`, `wrong-network`, `bad-config` if there is a database, `storage`, `disk-full`.
 */
export async function loadBackup(params: {
  file: string;
  dataDir: string;
  networkFile: string | undefined;
  onProgress: OnProgress;
  signal: AbortSignal;
}): Promise<Imported> {
  const { file, dataDir, onProgress, signal } = params;
  const network = await readNetwork(params.networkFile);
  const path = join(dataDir, "database");
  let directory: string | undefined;
  try {
    await mkdir(dataDir, { recursive: true, mode: DIRECTORY_MODE });
    await refuseExisting(path);
    directory = await mkdtemp(join(dataDir, "import-"));
    const inside = join(directory, "database");
    const bytes = await readFile({ file, onProgress });
    const imported = await importDatabase({ bytes, path: inside, network, signal });
    await refuseExisting(path);
    await rename(inside, path);
    await syncDirectory(dataDir);
    return imported;
  } catch (cause) {
    signal.throwIfAborted();
    if (isWeftError(cause)) throw cause;
    const message = `the backup ${file} can't be imported into ${dataDir}: ${(cause as Error).message}`;
    throw new WeftError({ code: "storage", message, cause });
  } finally {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function readFile(params: {
  file: string;
  onProgress: OnProgress;
}): Promise<AsyncIterable<Uint8Array>> {
  const { file, onProgress } = params;
  await using handle = await open(file, "r");
  const { size } = await handle.stat();
  return (async function* () {
    let bytes = 0;
    for await (const chunk of createReadStream(file) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      onProgress({ bytes, expectedBytes: size });
      yield chunk;
    }
  })();
}
