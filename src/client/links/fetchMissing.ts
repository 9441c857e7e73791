import { isWeftError } from "../../errors.ts";
import type { NodeApi, QueryPage, TopicPosition } from "../../rpc/nodeApi.ts";
import type { LogRange } from "../../wire/logRange.ts";
import type { LogDigest } from "../../wire/topicDigest.ts";
import type { ClientCore } from "../group/core.ts";
import { placesIn, type ReadPlace, unread } from "../messages/topicReads.ts";
import { differing } from "./compareTopic.ts";
import { knowNodes, receivePage } from "./followTopics.ts";

/** After so many pages without anything new a node is not listened to any longer. */
const MAX_FRUITLESS_PAGES = 1024;
/** How many places are kept at most: one would do. */
const MAX_MISSING = 1024;

/**
 * Takes in what another node has of a topic beyond a vector and this client has not read. Gives the places of that, by
 * receipts of registered nodes.
 */
export async function fetchMissing(params: {
  core: ClientCore;
  api: NodeApi;
  topic: Uint8Array;
  vector: readonly LogRange[];
  /** Reading ends as soon as this client's digests agree with these. */
  digests: readonly LogDigest[];
  signal: AbortSignal;
}): Promise<ReadPlace[]> {
  const { core, api, topic, vector, signal } = params;
  const missing: ReadPlace[] = [];
  let position: TopicPosition = { topic, vector };
  for (let fruitless = 0; fruitless < MAX_FRUITLESS_PAGES && !signal.aborted; fruitless++) {
    const page = await pageFrom({ api, position, signal });
    await knowNodes({ core, api, page, signal });
    const fresh = await unread(core, placesIn(core, page.envelopes));
    if (fresh.length > 0) fruitless = 0;
    missing.push(...fresh.slice(0, MAX_MISSING - missing.length));
    await receivePage({ core, api, page, isAside: true, signal });
    if (!page.more) break;
    if (fresh.length > 0 && (await differing(params)).length === 0) break;
    position = { topic, vector, cursor: page.watermark.cursor };
  }
  return missing;
}

/** Asks for a page. If the node has pruned something beyond the vector, it is asked for all that it has left. */
async function pageFrom(params: {
  api: NodeApi;
  position: TopicPosition;
  signal: AbortSignal;
}): Promise<QueryPage> {
  const { api, position, signal } = params;
  try {
    return await api.query({ topics: [position] }, { signal });
  } catch (error) {
    if (!isWeftError(error, "pruned") || position.cursor) throw error;
    return await api.query({ topics: [{ topic: position.topic }] }, { signal });
  }
}
