import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { createMemoryChain, mine } from "../search/memoryChain.ts";
import { followToHead, nodeIdentity, openMemoryNode } from "../search/memoryNode.ts";
import { createRandom } from "../search/random.ts";
import { chainTargets } from "./chainTargets.ts";
import { mlsTargets } from "./mlsTargets.ts";
import { recordTraffic } from "./recordTraffic.ts";
import { headerTargets, requestTargets, responseTargets } from "./rpcTargets.ts";
import type { Target } from "./target.ts";
import { contentTargets, envelopeTargets, historyTargets, meshTargets } from "./wireTargets.ts";

/** All that faces the network or the chain, with what a real conversation has sent. Disposing ends the node in it. */
export async function openTargets(): Promise<AsyncDisposable & { readonly targets: readonly Target[] }> {
  const { network, messages, envelopes, logs } = await recordTraffic();
  const chain = createMemoryChain({ network, blocks: [] });
  const identity = nodeIdentity("fuzzed");
  const node = await openMemoryNode({ identity, network, chain, rows: [], onBatch: () => {} });
  mine({ chain, timeMs: Date.now(), random: createRandom(1) });
  await followToHead(node);
  // No block comes: what waits for one would be judged again with each call that comes after it.
  const clear = (): void => {
    chain.waiting = [];
  };
  const { relayAppend, relayIdentity } = node.api;
  const api: NodeApi = {
    ...node.api,
    relayAppend: (append, call) => relayAppend(append, call).finally(clear),
    relayIdentity: (action, call) => relayIdentity(action, call).finally(clear),
  };
  const targets = [
    ...requestTargets({ api, messages }),
    ...responseTargets({ messages }),
    ...headerTargets(),
    ...meshTargets({ network, envelopes }),
    ...envelopeTargets({ envelopes }),
    ...(await historyTargets()),
    ...contentTargets(),
    ...chainTargets({ network, logs }),
    ...mlsTargets(),
  ];
  return { targets, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}
