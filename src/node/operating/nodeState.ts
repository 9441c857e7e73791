import { statfs } from "node:fs/promises";
import { wallMs } from "../../clock/wallMs.ts";
import { databaseBytes } from "../../store/backup/databaseBytes.ts";
import { type Hole, listHoles } from "../../store/node/holes.ts";
import type { NodeParts } from "../openNodeParts.ts";

/** Tells an operator how the node is: each part is read when somebody asks. */
export type NodeState = {
  readonly chainLag: () => ChainLag;
  /** The machine's clock minus the chain's time; undefined: the chain has told none yet. */
  readonly clockOffsetSeconds: () => number | undefined;
  readonly disk: () => Promise<Disk>;
  readonly holes: () => Promise<readonly Hole[]>;
};

type ChainLag = {
  /** The block that the index has reached. */
  readonly block: number;
  /** The newest block that the node knows of. */
  readonly newest: number;
  /** Time between the two blocks. */
  readonly seconds: number;
  /** How old the newest block is; undefined: there is none. */
  readonly newestAgeSeconds: number | undefined;
};

type Disk = {
  readonly databaseBytes: number | undefined;
  /** Free bytes of the disk that the database is on, for users without special rights. */
  readonly freeBytes: number | undefined;
};

export function nodeStateOf(params: {
  parts: Pick<NodeParts, "admission" | "readiness" | "time">;
}): NodeState {
  const { admission, readiness, time } = params.parts;
  const { store, index } = admission;
  return {
    chainLag: () => {
      const { head } = index.state;
      const newest = readiness.newest() ?? head;
      return {
        block: head?.number ?? 0,
        newest: newest?.number ?? 0,
        seconds: newest === undefined || head === undefined ? 0 : Math.max(0, newest.time - head.time),
        newestAgeSeconds: newest && Math.max(0, wallMs() / 1_000 - newest.time),
      };
    },
    clockOffsetSeconds: () => {
      const chain = time.chain();
      return chain && (wallMs() - chain.timeMs) / 1_000;
    },
    disk: async () => ({
      databaseBytes: await databaseBytes(store.database).catch(() => undefined),
      freeBytes: await freeBytes(store.database.path).catch(() => undefined),
    }),
    holes: () => listHoles(store),
  };
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
