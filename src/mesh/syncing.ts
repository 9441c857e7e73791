import type { Ask } from "./catchUpLog.ts";
import type { Intake } from "./intake.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import type { MeshLog, TopHead } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { PeerTurns } from "./peerTurns.ts";
import type { Refusals } from "./refusals.ts";

/** What fetching works with, and what it remembers between two rounds. */
export type Syncing = {
  readonly meshLog: MeshLog;
  readonly intake: Intake;
  readonly ask: Ask;
  /** Finds the checkpoint that covers a log from a sequence on; undefined if there is none. */
  readonly checkpointFrom: CheckpointFrom | undefined;
  /** After how long a range that all peers lack becomes a hole. */
  readonly holeAfterMs: number;
  readonly logger: MeshLogger;
  readonly signal: AbortSignal;
  readonly turns: PeerTurns;
  /** What each peer told last: by peer id, then by the log's name (`logName`). */
  readonly headsByPeer: Map<string, ReadonlyMap<string, TopHead>>;
  /** Until when (`steadyMs`) a log is left alone, by its name. */
  readonly waits: Map<string, number>;
  /** What all peers lack of a log, by its name. */
  readonly absences: Map<string, Absence>;
  readonly refusals: Refusals;
};

/** A peer, and what it told of one log; `head` is undefined if it told nothing. */
export type Told = { readonly peerId: string; readonly head: TopHead | undefined };

/** No peer has had the sequence `first` of a log since `since` (`steadyMs`); the log could go on at `behind`. */
export type Absence = { readonly first: bigint; readonly since: number; readonly behind: bigint | undefined };
