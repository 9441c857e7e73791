import type { LogId } from "../wire/logRange.ts";
import type { LogHead, MeshLog, TopHead } from "./meshLog.ts";

/** How far this node and its peers are behind each other, by what the peers told last. A liar's word counts, too. */
export type SyncLag = {
  /** The logs of which a peer has more than this node, and how many envelopes this node lacks. */
  readonly logs: readonly { readonly log: LogId; readonly lacks: number }[];
  /** By peer id: how many of this node's envelopes the peer lacks, in the logs that it told of. */
  readonly peers: ReadonlyMap<string, number>;
};

/** Computes the lag from the heads that peers told last, by peer id and by the log's name. */
export function syncLagOf(params: {
  headsByPeer: ReadonlyMap<string, ReadonlyMap<string, TopHead>>;
  meshLog: Pick<MeshLog, "headOf">;
}): SyncLag {
  const { headsByPeer, meshLog } = params;
  const highest = new Map<string, LogHead>();
  const peers = new Map<string, number>();
  for (const [peerId, heads] of headsByPeer) {
    let lacks = 0n;
    for (const [name, head] of heads) {
      const own = meshLog.headOf(head.range.log).range.next;
      if (own > head.range.next) lacks += own - head.range.next;
      if (head.highest > (highest.get(name)?.highest ?? own)) highest.set(name, head);
    }
    peers.set(peerId, Number(lacks));
  }
  const logs = [...highest.values()].map(({ range: { log }, highest }) => {
    return { log, lacks: Number(highest - meshLog.headOf(log).range.next) };
  });
  return { logs, peers };
}
