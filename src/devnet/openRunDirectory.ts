import { mkdir, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { wallMs } from "../clock/wallMs.ts";
import { isAlive } from "./isAlive.ts";

/** Runs that are kept under `.weft`, for their logs. */
const RUNS_KEPT = 5;

/**
 * Makes a folder for this run: `chosen`, or a new one under `.weft` of the working directory, where the oldest runs
 * that have ended are deleted.
 */
export async function openRunDirectory(params: { chosen: string | undefined }): Promise<string> {
  if (params.chosen !== undefined) {
    const directory = resolve(params.chosen);
    await mkdir(directory, { recursive: true });
    return directory;
  }
  const parent = resolve(".weft");
  const directory = join(
    parent,
    `run-${new Date(wallMs()).toISOString().replace(/[:.]/g, "-")}-${process.pid}`,
  );
  await mkdir(directory, { recursive: true });
  await deleteOldRuns(parent);
  return directory;
}

async function deleteOldRuns(parent: string): Promise<void> {
  const runs = (await readdir(parent)).filter((name) => name.startsWith("run-")).sort();
  const old = runs.slice(0, -RUNS_KEPT).filter((name) => !isAlive(Number(name.split("-").at(-1))));
  await Promise.all(old.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}
