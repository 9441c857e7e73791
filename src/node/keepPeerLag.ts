import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { provenPeerId } from "../mesh/peerId.ts";
import type { Mesh } from "../mesh/startMesh.ts";
import { stirAll } from "./chainHub.ts";
import type { NodeParts } from "./openNodeParts.ts";
import { lagReason, noteBlocks, type OperatorBlock, openPeerLag } from "./peerLag.ts";

const PERIOD_MS = 3_000;

/**
 * Asks the other nodes every few seconds how far they have read the chain, and makes this node unready while it stays
 * behind them. Ends when the signal aborts.
 */
export async function keepPeerLag(params: {
  parts: NodeParts;
  mesh: Pick<Mesh, "askBlocks">;
  signal: AbortSignal;
}): Promise<void> {
  const { parts, mesh, signal } = params;
  const { admission, readiness, hub, logger } = parts;
  const lag = openPeerLag(steadyMs());
  while (!signal.aborted) {
    const others = await blocksOfOthers({ parts, mesh });
    const own = admission.index.state.head?.number ?? 0;
    noteBlocks({ lag, own, others, nowMs: steadyMs() });
    const chainLag = lagReason({ lag, nowMs: steadyMs() });
    const before = readiness.chainLag();
    readiness.tell({ chainLag });
    if (chainLag !== undefined && before === undefined) {
      logger.warn({ reason: chainLag }, "behind the other nodes: not ready");
      // Whoever follows the chain by way of this node is sent away.
      stirAll(hub);
    }
    if (chainLag === undefined && before !== undefined) logger.info({}, "level with the other nodes again");
    await delay(PERIOD_MS, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * Leaves out nodes of this node's own operator: they may read by another provider, but their word is no other
 * operator's.
 */
async function blocksOfOthers(params: {
  parts: NodeParts;
  mesh: Pick<Mesh, "askBlocks">;
}): Promise<OperatorBlock[]> {
  const { network, directory, operator: self } = params.parts;
  const operators = new Map(
    directory.nodes().map((node) => [provenPeerId({ network, node }), node.operator]),
  );
  const blocks = await params.mesh.askBlocks();
  return blocks.flatMap(({ peerId, number }) => {
    const operator = operators.get(peerId);
    return operator === undefined || operator === self.address ? [] : [{ operator, number }];
  });
}
