import { steadyMs } from "../clock/steadyMs.ts";

/** What peers tell of their own clocks, with each exchange of heads. Mutable. */
export type PeerClocks = {
  readonly note: (peerId: string, clockMs: number | undefined) => void;
  /** Lists what the clocks of the peers that told lately show now, in milliseconds since 1970. */
  readonly now: () => readonly number[];
};

/**
 * How long a peer's word counts. Peers tell every few seconds; a connection that breaks for a moment changes nothing.
 */
const TOLD_LATELY_MS = 30_000;

export function openPeerClocks(): PeerClocks {
  const told = new Map<string, { readonly clockMs: number; readonly atMs: number }>();
  return {
    note: (peerId, clockMs) => {
      if (clockMs !== undefined) told.set(peerId, { clockMs, atMs: steadyMs() });
    },
    now: () => {
      const nowMs = steadyMs();
      const lately = [...told.values()].filter(({ atMs }) => nowMs - atMs <= TOLD_LATELY_MS);
      return lately.map(({ clockMs, atMs }) => clockMs + (nowMs - atMs));
    },
  };
}
