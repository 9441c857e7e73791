import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wallMs } from "../clock/wallMs.ts";
import { answersWord, keepWord, type Word } from "./keepWord.ts";

/** What whoever wants to talk needs to know of a devnet that runs. */
export type RunningDevnet = {
  readonly networkFile: string;
  /** Public APIs; node 1 is the first. */
  readonly nodes: readonly string[];
};

type Announcement = RunningDevnet & { readonly pid: number; readonly atMs: number; readonly word?: Word };

const fileOf = (pid: number): string => `devnet-${pid}.json`;

/**
 * Lets `findDevnet` find it in `directory` until this is disposed or the process ends. The process itself is asked
 * whether it is still the one, for the number of one that ended may be another's by then.
 */
export async function announceDevnet(params: {
  directory: string;
  devnet: RunningDevnet;
}): Promise<AsyncDisposable> {
  const { directory, devnet } = params;
  const { pid } = process;
  const { networkFile, nodes } = devnet;
  await using stack = new AsyncDisposableStack();
  const { word } = stack.use(await keepWord());
  const announcement: Announcement = { pid, atMs: wallMs(), networkFile, nodes, word };
  await mkdir(directory, { recursive: true });
  for (const { pid, word } of await readAnnouncements(directory)) {
    if (!(await answersWord(word))) await rm(join(directory, fileOf(pid)), { force: true });
  }
  const path = join(directory, fileOf(pid));
  await writeFile(`${path}.new`, `${JSON.stringify(announcement, undefined, 2)}\n`);
  await rename(`${path}.new`, path);
  stack.defer(() => rm(path, { force: true }));
  return stack.move();
}

/** The devnet that was announced in `directory` and still runs; the newest, if there are several. */
export async function findDevnet(params: { directory: string }): Promise<RunningDevnet | undefined> {
  const announced = (await readAnnouncements(params.directory)).sort((a, b) => b.atMs - a.atMs);
  const answers = await Promise.all(announced.map(({ word }) => answersWord(word)));
  return announced.find((_, at) => answers[at]);
}

async function readAnnouncements(directory: string): Promise<Announcement[]> {
  const files = await readdir(directory).catch(() => []);
  const names = files.filter((name) => /^devnet-\d+\.json$/.test(name));
  const read = names.map(async (name) => {
    try {
      return [JSON.parse(await readFile(join(directory, name), "utf8")) as Announcement];
    } catch {
      return []; // it ended just now
    }
  });
  return (await Promise.all(read)).flat();
}
