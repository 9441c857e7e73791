import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { isWeftError, WeftError } from "../../errors.ts";
import { refuseExisting, syncDirectory } from "../../node/operating/saveBackup.ts";

const FILE_MODE = 0o600;
const NAME_BYTES = 6;

/**
 * Writes a file that is there as a whole or not at all, and never in place of another; nobody but its owner may read it.
 * Throws `bad-config` if it is there already, `storage` if it can't be written, and what `bytes` throws.
 */
export async function writeWhole(params: { file: string; bytes: AsyncIterable<Uint8Array> }): Promise<void> {
  const { file, bytes } = params;
  const part = `${file}.${randomBytes(NAME_BYTES).toString("hex")}.part`;
  try {
    await refuseExisting(file);
    {
      await using handle = await open(part, "wx", FILE_MODE);
      for await (const piece of bytes) await handle.writeFile(piece);
      await handle.sync();
    }
    await refuseExisting(file);
    await rename(part, file);
    await syncDirectory(dirname(file));
  } catch (cause) {
    await rm(part, { force: true });
    if (isWeftError(cause) || (cause as Error).name === "AbortError") throw cause;
    const message = `${file} can't be written: ${(cause as Error).message}`;
    throw new WeftError({ code: "storage", message, cause });
  }
}
