import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const DISK_MEGABYTES = 96;
/** What is left when no large block has room is taken by small ones. */
const BLOCKS = ["64k", "512"] as const;

/** A disk of its own, in memory: it can be filled. */
export type Disk = AsyncDisposable & {
  readonly fill: () => Promise<void>;
  readonly free: () => Promise<void>;
};

/** Mounts one at `path`; undefined where that is not allowed. */
export async function openDisk(params: { path: string }): Promise<Disk | undefined> {
  const { path } = params;
  await mkdir(path, { recursive: true });
  const options = `size=${DISK_MEGABYTES}m,mode=0755`;
  const isMounted = await run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", path]).then(
    () => true,
    () => false,
  );
  if (!isMounted) return undefined;
  const files = BLOCKS.map((size) => ({ size, file: join(path, `ballast-${size}`) }));
  return {
    fill: async () => {
      // It ends when there is no room.
      for (const { size, file } of files) {
        await run("dd", ["if=/dev/zero", `of=${file}`, `bs=${size}`]).catch(() => undefined);
      }
    },
    free: async () => {
      for (const { file } of files) await rm(file, { force: true });
    },
    [Symbol.asyncDispose]: async () => void (await run("umount", ["--lazy", path]).catch(() => undefined)),
  };
}
