import type { Libp2p } from "@libp2p/interface";
import type { Admission } from "./admission.ts";
import type { MeshServices } from "./gossip.ts";
import type { MeshLogger } from "./meshLogger.ts";

/** What `keepPeers` works with, and what it remembers about each peer, by peer id. */
export type Keeping = {
  readonly libp2p: Libp2p<MeshServices>;
  readonly admission: Admission;
  readonly logger: MeshLogger;
  readonly signal: AbortSignal;
  /** The dials to each peer that is missing. */
  readonly dials: Map<string, Dial>;
  /** The peers that are being dialed now. */
  readonly dialing: Set<string>;
  /** Since when (`steadyMs`) a connected peer has had no gossip stream. */
  readonly silentSince: Map<string, number>;
};

/** When a missing peer may be dialed next, how long it rests after that, and since when it is missing (`steadyMs`). */
export type Dial = { readonly retryAt: number; readonly waitMs: number; readonly missingSince: number };
