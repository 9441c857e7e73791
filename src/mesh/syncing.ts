import type { Ask } from "./catchUpLog.ts";
import type { Intake } from "./intake.ts";
import type { CheckpointFrom } from "./isCovered.ts";
import type { MeshLog, TopHead } from "./meshLog.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { PeerTurns } from "./peerTurns.ts";
import type { Refusals } from "./refusals.ts";

/** What fetching works with, and what it remembers between two rounds. The maps have names of logs as keys (`logName`). */
export type Syncing = {
  readonly meshLog: MeshLog;
  readonly intake: Intake;
  readonly ask: Ask;
  /** Which checkpoint covers a log from a sequence on; undefined: none is known. */
  readonly checkpointFrom: CheckpointFrom | undefined;
  /** A range that all peers lack for so long becomes a hole. */
  readonly holeAfterMs: number;
  readonly logger: MeshLogger;
  readonly signal: AbortSignal;
  readonly turns: PeerTurns;
  /** What each peer told last: by peer id, then by the name of the log. */
  readonly headsByPeer: Map<string, ReadonlyMap<string, TopHead>>;
  /** Logs that are left alone, and until when (`steadyMs`). */
  readonly waits: Map<string, number>;
  readonly absences: Map<string, Absence>;
  readonly refusals: Refusals;
};

/** What a peer told of one log, if anything. */
export type Told = { readonly peerId: string; readonly head: TopHead | undefined };

/** No peer has had the sequence `first` of a log since then (`steadyMs`); the log could go on at `behind`. */
export type Absence = { readonly first: bigint; readonly since: number; readonly behind: bigint | undefined };
