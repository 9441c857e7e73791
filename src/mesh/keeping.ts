import type { Libp2p } from "@libp2p/interface";
import type { Admission } from "./admission.ts";
import type { MeshServices } from "./gossip.ts";
import type { MeshLogger } from "./meshLogger.ts";

/** What keeping peers works with, and what it remembers; all by peer id. */
export type Keeping = {
  readonly libp2p: Libp2p<MeshServices>;
  readonly admission: Admission;
  readonly logger: MeshLogger;
  readonly signal: AbortSignal;
  /** Of those that are missing. */
  readonly dials: Map<string, Dial>;
  readonly dialing: Set<string>;
  /** Since when a connected peer has had no gossip stream. */
  readonly silentSince: Map<string, number>;
};

/** How long a missing peer is left alone after each dial, and when it may be dialed next. */
export type Dial = { readonly retryAt: number; readonly waitMs: number; readonly missingSince: number };
