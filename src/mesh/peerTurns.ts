import { steadyMs } from "../clock/steadyMs.ts";

/** Decides which peer is asked next, and how many are asked at a time. Mutable. */
export type PeerTurns = {
  /** Orders peers: those first that owe least of what they claimed to have; equal ones at random. */
  readonly order: <T extends { readonly peerId: string }>(peers: readonly T[]) => T[];
  /**
   * Waits for a free slot, then runs a task with the best candidate that has a slot of its own free. `stir` looks at
   * the candidates again. Undefined, without a task, as soon as there is no candidate.
   */
  readonly take: <T>(
    candidates: () => readonly Peer[],
    task: (peer: Peer) => Promise<T>,
  ) => Promise<T | undefined>;
  /** Lets waiting tasks look again at their candidates. */
  readonly stir: () => void;
  /** Notes that a peer gave what it claimed to have: halves what it owes. */
  readonly noteGiven: (peerId: string) => void;
  /** Notes that a peer did not give what it claimed to have. */
  readonly noteOwing: (peerId: string) => void;
  /** True if a peer owes so much that its claims no longer count. */
  readonly isDefaulting: (peerId: string) => boolean;
};

/** How many ranges are fetched at once, from one peer and from all: a slow peer can't take all slots. */
const SLOTS_PER_PEER = 2;
const SLOTS = 8;
const DEFAULTING = 4;
/** A peer that owes more than this is not trusted less. */
const MAX_OWED = 8;
/** What a peer owes is forgotten after so long. */
const OWED_MS = 120_000;

/** A peer that may be asked, and the sequence after the last one that it claims to have of the log. */
export type Peer = { readonly peerId: string; readonly reaches: bigint };

type Waiting = {
  readonly candidates: () => readonly Peer[];
  readonly start: (peer: Peer | undefined) => void;
};

/** Opens turns in which no peer owes anything. */
export function openPeerTurns(): PeerTurns {
  const owed = new Map<string, { readonly times: number; readonly atMs: number }>();
  const busy = new Map<string, number>();
  let waiting: readonly Waiting[] = [];
  let free = SLOTS;

  const owedBy = (peerId: string): number => {
    const known = owed.get(peerId);
    return known !== undefined && steadyMs() - known.atMs < OWED_MS ? known.times : 0;
  };
  const order: PeerTurns["order"] = (peers) =>
    peers
      .map((peer) => ({ peer, owed: owedBy(peer.peerId), chance: Math.random() }))
      .sort((a, b) => a.owed - b.owed || a.chance - b.chance)
      .map(({ peer }) => peer);
  /** Starts a waiting task if it can; true if it need not wait any longer. */
  const start = ({ candidates, start }: Waiting): boolean => {
    if (free === 0) return false;
    const peers = candidates();
    const [peer] = order(peers.filter(({ peerId }) => (busy.get(peerId) ?? 0) < SLOTS_PER_PEER));
    if (peer === undefined && peers.length > 0) return false;
    if (peer !== undefined) {
      free--;
      busy.set(peer.peerId, (busy.get(peer.peerId) ?? 0) + 1);
    }
    start(peer);
    return true;
  };
  const startNext = (): void => {
    waiting = waiting.filter((one) => !start(one));
  };
  const leave = (peerId: string): void => {
    free++;
    const left = (busy.get(peerId) ?? 1) - 1;
    if (left === 0) busy.delete(peerId);
    else busy.set(peerId, left);
    startNext();
  };
  const note = (peerId: string, times: number): void => {
    if (times === 0) owed.delete(peerId);
    else owed.set(peerId, { times: Math.min(MAX_OWED, times), atMs: steadyMs() });
  };
  return {
    order,
    take: async (candidates, task) => {
      const peer = await new Promise<Peer | undefined>((resolve) => {
        const one = { candidates, start: resolve };
        if (!start(one)) waiting = [...waiting, one];
      });
      if (peer === undefined) return undefined;
      try {
        return await task(peer);
      } finally {
        leave(peer.peerId);
      }
    },
    stir: startNext,
    noteGiven: (peerId) => note(peerId, Math.floor(owedBy(peerId) / 2)),
    noteOwing: (peerId) => note(peerId, owedBy(peerId) + 1),
    isDefaulting: (peerId) => owedBy(peerId) >= DEFAULTING,
  };
}
