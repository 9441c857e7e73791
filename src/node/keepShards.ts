import type { Logger } from "pino";
import type { Chain } from "../chain/provider/chain.ts";
import { readNode } from "../chain/read/readNode.ts";
import type { Relayer } from "../chain/submit/openRelayer.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { NodeId } from "../wire/ids.ts";
import type { Directory } from "./directory.ts";
import { nextChange } from "./keepRegistered.ts";
import { announceShards } from "./registerSelf.ts";

const RETRY_MS = 10_000;

/**
 * Registers again which shards this node serves where that has not landed, or a reorganization took it: until then
 * peers refuse its batches of shards that it was not known for. Ends when the signal aborts.
 */
export async function keepShards(params: {
  chain: Chain;
  operator: Relayer;
  index: ChainIndex;
  directory: Directory;
  node: NodeId;
  /** Bit n for shard n. */
  shards: bigint;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { chain, index, directory, node, shards, logger, signal } = params;
  while (!signal.aborted) {
    const indexed = index.state.nodes.get(node);
    const isOther = indexed !== undefined && BigInt(indexed.shards) !== shards;
    // The node's start has just sent this: it may be on its way.
    await nextChange({ directory, signal, ms: isOther ? RETRY_MS : undefined });
    if (signal.aborted || !isOther) continue;
    try {
      const known = await readNode({ chain, node });
      if (known?.active && known.shards !== shards) await announceShards(params);
    } catch (error) {
      logger.warn({ err: error }, "which shards this node serves could not be registered; trying again");
    }
  }
}
