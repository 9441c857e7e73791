import type { NodeApi, QueryPage, TopicPosition, Watermark } from "../../rpc/nodeApi.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import { type GroupId, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import { groupTopic, parseTopic, welcomeTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../core.ts";
import { receiveWelcomes } from "../joining/receiveWelcomes.ts";
import { receiveEnvelopes } from "../messages/receiveEnvelopes.ts";
import { tables } from "../tables.ts";
import type { FeedPlan } from "./feedPlan.ts";
import { takeNodeList } from "./readDirectory.ts";

/** Reads the topics of a plan by way of one node, from where they were left. Ends by throwing. */
export async function followTopics(params: {
  core: ClientCore;
  api: NodeApi;
  /** Of the node; cursors belong to it. */
  database: Hex;
  plan: FeedPlan;
  signal: AbortSignal;
}): Promise<void> {
  const { core, api, plan, database, signal } = params;
  const readings = readingsOf({ core, plan });
  const topics = await positionsOf({ core, plan, database });
  for await (const event of api.subscribe({ topics }, { signal })) {
    if (event.kind === "page") await receivePage({ core, api, page: event, readings, signal });
  }
}

/** By group: see `Group.topicReadings`. */
export type TopicReadings = ReadonlyMap<GroupId, number>;

/** To be taken before the positions: a page counts for the reading that it was asked for in. */
export function readingsOf(params: { core: ClientCore; plan: FeedPlan }): TopicReadings {
  const { core, plan } = params;
  return new Map(plan.groups.map((id) => [id, core.groups.get(id)?.topicReadings ?? 0]));
}

export async function positionsOf(params: {
  core: ClientCore;
  plan: FeedPlan;
  database: Hex;
}): Promise<TopicPosition[]> {
  const { core, plan, database } = params;
  const topics = plan.groups.map((group) => groupTopic(group));
  if (plan.own) topics.push(welcomeTopic(core.self.installation.key));
  return await Promise.all(
    topics.map(async (topic) => {
      const known = await tables.topicPosition.get(core.database, { topic });
      const offset = known?.cursors[database];
      if (offset !== undefined) return { topic, cursor: { database, offset } };
      return known ? { topic, vector: known.vector } : { topic };
    }),
  );
}

/**
 * Hands each envelope to whom it concerns; a topic's place moves on together with what was read of it. A page of an
 * earlier reading is dropped, for its place lies beyond what the present one has not read yet.
 */
export async function receivePage(params: {
  core: ClientCore;
  api: NodeApi;
  page: QueryPage;
  readings?: TopicReadings;
  signal: AbortSignal;
}): Promise<void> {
  const { core, api, page, readings, signal } = params;
  await knowNodes({ core, api, page, signal });
  const byTopic = Map.groupBy(page.envelopes, ({ envelope }) => toHex(envelope.topic));
  for (const envelopes of byTopic.values()) {
    const topic = envelopes[0]?.envelope.topic ?? new Uint8Array();
    const { kind, id } = parseTopic(topic);
    const position = [await positionWrite({ core, topic, watermark: page.watermark })];
    const group = kind === "group" ? core.groups.get(id as GroupId) : undefined;
    const isPresent = () => readings === undefined || readings.get(id as GroupId) === group?.topicReadings;
    const receive = async () => {
      if (group && isPresent()) await receiveEnvelopes({ core, group, envelopes, position });
    };
    if (group) await group.queue.run(receive);
    else if (kind === "welcome") await receiveWelcomes({ core, envelopes, position });
    else await writeAtomic({ database: core.database, writes: position, sync: false });
  }
}

async function positionWrite(params: {
  core: ClientCore;
  topic: Uint8Array;
  watermark: Watermark;
}): Promise<Write> {
  const { core, topic, watermark } = params;
  const { cursor, vector } = watermark;
  const known = await tables.topicPosition.get(core.database, { topic });
  const cursors = { ...known?.cursors, [cursor.database]: cursor.offset };
  return tables.topicPosition.put({ topic }, { cursors, vector });
}

/** A receipt by a node that has just registered needs its key. */
async function knowNodes(params: {
  core: ClientCore;
  api: NodeApi;
  page: QueryPage;
  signal: AbortSignal;
}): Promise<void> {
  const { core, page } = params;
  const nodes = page.envelopes.flatMap(({ receipts }) => receipts.map(({ header }): NodeId => header.node));
  if (nodes.some((node) => !core.links.nodes.has(node))) {
    await takeNodeList({ ...params, links: core.links, database: core.database });
  }
}
