import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { isWeftError, WeftError } from "../../errors.ts";
import { rankNodes } from "../../reconciler/nodes/rankNodes.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { TopicPosition } from "../../rpc/nodeApi.ts";
import { catchFault } from "../../wire/catchFault.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { decodeHistoryPayload, type HistoryPayload } from "../../wire/historyPayload.ts";
import type { NodeId } from "../../wire/ids.ts";
import { nodesOfTopic } from "../asking/nodesOfTopic.ts";
import { spreadOverOperators } from "../asking/rankGroupNodes.ts";
import type { CoreParts } from "../group/core.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { apiOf, isUp, noteFailure } from "../nodes/nodeLinks.ts";

type Core = CoreParts<"links" | "logger" | "network">;
type AtNode = { readonly node: NodeId; readonly api: NodeConnection };

/** How many nodes hold an envelope before it counts as sent, if so many answer. */
const COPIES = 2;
const RETRY_MS = 500;
const PAGE_BYTES = 1024 * 1024;

/** Lists the nodes that answer and serve a history's topic, in an order that both devices know. */
export function historyNodes(core: CoreParts<"links" | "network">, topic: Uint8Array): AtNode[] {
  const ranked = rankNodes({ nodes: nodesOfTopic(core, topic), day: 0, salt: topic.slice(1) });
  return spreadOverOperators(ranked).flatMap(({ node }) => {
    const api = isUp(core.links, node, steadyMs()) ? apiOf(core.links, node) : undefined;
    return api ? [{ node, api }] : [];
  });
}

/**
 * Brings an envelope to two nodes, of two operators if there are, or to the one that answers; waits as long as none
 * takes it. Throws the signal's reason.
 */
export async function publishHistory(params: {
  core: Core;
  envelope: Envelope;
  signal: AbortSignal;
}): Promise<void> {
  const { core, envelope, signal } = params;
  for (;;) {
    let copies = 0;
    for (const { node, api } of historyNodes(core, envelope.topic)) {
      signal.throwIfAborted();
      if (copies === COPIES) break;
      const isTaken = await api.publish({ envelopes: [envelope] }, { signal }).then(
        ([outcome]) => outcome?.kind === "acknowledged",
        (error: unknown) => noteFault({ core, node, error, signal }),
      );
      if (isTaken) copies++;
    }
    if (copies > 0) return;
    await waitMs({ ms: RETRY_MS, signal });
    signal.throwIfAborted();
  }
}

/** Reads a topic at one node from where this reader was there; what is no history's payload is passed over. */
export type HistoryReader = {
  /** Undefined: the node does not answer. */
  readonly read: (at: AtNode, signal: AbortSignal) => Promise<HistoryPayload[] | undefined>;
};

export function openHistoryReader(core: Core, topic: Uint8Array): HistoryReader {
  const positions = new Map<NodeId, TopicPosition>();
  return {
    read: async ({ node, api }, signal) => {
      const found: HistoryPayload[] = [];
      try {
        for (;;) {
          const position = positions.get(node) ?? { topic };
          const page = await api.query({ topics: [position], maxBytes: PAGE_BYTES }, { signal });
          positions.set(node, { topic, cursor: page.watermark.cursor });
          for (const { envelope } of page.envelopes) {
            const payload = catchFault(() => decodeHistoryPayload(envelope));
            if (!(payload instanceof WeftError)) found.push(payload);
          }
          if (!page.more || page.envelopes.length === 0) return found;
        }
      } catch (error) {
        positions.delete(node);
        noteFault({ core, node, error, signal });
        return undefined;
      }
    },
  };
}

/** Goes on after a node's fault; throws whatever is none. */
function noteFault(params: { core: Core; node: NodeId; error: unknown; signal: AbortSignal }): false {
  const { core, node, error, signal } = params;
  signal.throwIfAborted();
  const isPlace = isWeftError(error, "bad-cursor") || isWeftError(error, "pruned");
  if (!isPlace && !isNodeFault(error)) throw error;
  core.logger.debug({ node, err: error }, "a node does not serve a history");
  if (isWeftError(error, "node-unreachable")) noteFailure(core.links, node, steadyMs());
  return false;
}
