import { WeftError } from "../errors.ts";
import type { QueryPage, TopicPosition, Watermark } from "../rpc/nodeApi.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { queryTopics, type TopicPosition as StorePosition } from "../store/node/queryTopics.ts";
import { type Watermark as StoreWatermark, watermark } from "../store/node/watermark.ts";
import { fromHex, toHex } from "../wire/ids.ts";
import { shardOfTopic } from "../wire/shards.ts";
import { parseTopic } from "../wire/topic.ts";

/** Reads one page of some topics. Throws `unknown-topic`, `bad-cursor`, `pruned`. */
export async function queryPage(params: {
  store: LogStore;
  topics: readonly TopicPosition[];
  maxBytes: number;
}): Promise<QueryPage> {
  const { store, topics, maxBytes } = params;
  const positions = topics.map((position) => storePosition({ store, position }));
  const page = await queryTopics({ store, positions, maxBytes });
  if (page.kind === "pruned") {
    const names = page.topics.map(toHex).join(", ");
    throw new WeftError({ code: "pruned", message: `older than this node keeps: ${names}` });
  }
  const { envelopes, watermark, more } = page;
  return { envelopes, watermark: watermarkOf(watermark), more };
}

/**
 * Tells where the store stands now in the shards of these topics: whatever arrived before has woken those who watch its
 * topic.
 */
export function presentWatermark(params: {
  store: LogStore;
  topics: readonly Pick<TopicPosition, "topic">[];
}): Watermark {
  const { store, topics } = params;
  const { shards } = store.database.network;
  const named = new Set(topics.map(({ topic }) => shardOfTopic({ topic, shards })));
  return watermarkOf(watermark(store, { shards: named }));
}

function watermarkOf({ cursor, vector }: StoreWatermark): Watermark {
  return { cursor: { database: toHex(cursor.database), offset: cursor.offset }, vector };
}

/** Drops a cursor of another node if there is a vector beside it: such a cursor says nothing here. */
function storePosition(params: { store: LogStore; position: TopicPosition }): StorePosition {
  const { topic, cursor, vector } = params.position;
  parseTopic(topic);
  const foreign = cursor !== undefined && cursor.database !== toHex(params.store.database.id);
  if (cursor === undefined || (foreign && vector !== undefined)) return { topic, vector };
  return { topic, vector, cursor: { database: fromHex(cursor.database), offset: cursor.offset } };
}
