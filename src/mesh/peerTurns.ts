import { steadyMs } from "../clock/steadyMs.ts";

/** Which peer is asked next, and how many at a time. Mutable. */
export type PeerTurns = {
  /** Those first who give what they claim to have; equals in random order. */
  readonly order: <T extends { readonly peerId: string }>(peers: readonly T[]) => T[];
  /**
   * Runs a task with the best of the candidates that has a slot free while all together have one, too; who comes to be a
   * candidate meanwhile is one after `stir`. Undefined, and nothing done, once there is none.
   */
  readonly take: <T>(
    candidates: () => readonly Peer[],
    task: (peer: Peer) => Promise<T>,
  ) => Promise<T | undefined>;
  readonly stir: () => void;
  readonly noteGiven: (peerId: string) => void;
  /** It claimed to have what it did not give. */
  readonly noteOwing: (peerId: string) => void;
  /** It owes so much that its word for having something counts no more. */
  readonly isDefaulting: (peerId: string) => boolean;
};

/** Ranges that are fetched at the same time, of one peer and of all: who is slow keeps nobody else's slots. */
const SLOTS_PER_PEER = 2;
const SLOTS = 8;
const DEFAULTING = 4;
/** Who owes more is not trusted less. */
const MAX_OWED = 8;
/** What a peer owes is forgotten after so long. */
const OWED_MS = 120_000;

/** One that may be asked, and the end of what it says it has. */
export type Peer = { readonly peerId: string; readonly reaches: bigint };

type Waiting = {
  readonly candidates: () => readonly Peer[];
  readonly start: (peer: Peer | undefined) => void;
};

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
  /** True if it need not wait any longer. */
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
