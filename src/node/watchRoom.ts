import { statfs } from "node:fs/promises";
import { WeftError } from "../errors.ts";

/** Tells how much room there is on a node's disk, and nothing where the system does not tell. */
export type DiskRoom = Disposable & {
  /** Free bytes. */
  readonly free: () => number | undefined;
  /** Says why nothing is published here: there is less room than the mark. Undefined: there is enough. */
  readonly shortage: () => WeftError | undefined;
  /**
   * True if there is less than half of the mark: then nothing more of peers is stored, so that what is stored stays
   * whole.
   */
  readonly isOut: () => boolean;
};

const LOOK_MS = 1_000;
/** When somebody who publishes is told to try again: room comes by pruning, or by the operator's hand. */
const RETRY_MS = 30_000;
const USUAL_MARK = 2_000_000_000;
const LEAST_SHARE = 0.05;
/** The shortage is over when there is so many times the mark, lest it comes and goes with each file. */
const OVER = 1.1;

/** Looks at the disk at once, and then every second. `onTurn` hears when room becomes scarce, and when that is over. */
export async function watchRoom(params: {
  /** A directory on the disk. */
  path: string;
  /** Bytes; 0: there is always enough; auto: a mark that fits the disk. */
  mark: number | "auto";
  onTurn: (shortage: WeftError | undefined) => void;
  /** Reads the free bytes; the system's word unless given. */
  readFree?: (path: string) => Promise<number>;
  lookMs?: number;
}): Promise<DiskRoom> {
  const { path, onTurn, readFree = readFreeBytes, lookMs = LOOK_MS } = params;
  const mark = params.mark === "auto" ? await markFor(path) : params.mark;
  let free: number | undefined;
  let shortage: WeftError | undefined;
  const look = async (): Promise<void> => {
    free = await readFree(path).catch(() => undefined);
    const wanted = shortage === undefined ? mark : mark * OVER;
    const before = shortage;
    shortage = free !== undefined && free < wanted ? shortageOf({ free, mark }) : undefined;
    if ((before === undefined) !== (shortage === undefined)) onTurn(shortage);
  };
  if (mark > 0) await look();
  const timer = mark > 0 ? setInterval(() => void look(), lookMs) : undefined;
  return {
    free: () => free,
    shortage: () => shortage,
    isOut: () => free !== undefined && free < mark / 2,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** The mark that fits a disk, in bytes; 0 where the system does not tell how large it is. */
async function markFor(path: string): Promise<number> {
  const disk = await statfs(path).catch(() => undefined);
  return disk === undefined ? 0 : Math.min(USUAL_MARK, disk.blocks * disk.bsize * LEAST_SHARE);
}

/** The bytes that a process without special rights may still fill. */
async function readFreeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

function shortageOf({ free, mark }: { free: number; mark: number }): WeftError {
  const message = `its disk has room for ${inMegabytes(free)}, and the mark is ${inMegabytes(mark)}`;
  return new WeftError({ code: "disk-low", message, retryAfterMs: RETRY_MS });
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
