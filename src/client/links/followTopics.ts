import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError, type WeftError } from "../../errors.ts";
import type { LogEnd } from "../../reconciler/records/records.ts";
import { MAX_POSITIONS_BYTES, MAX_TOPICS_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi, QueryPage, TopicPosition, Watermark } from "../../rpc/nodeApi.ts";
import { type Write, writeAtomic } from "../../store/writeAtomic.ts";
import { type GroupId, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import { groupTopic, parseTopic, welcomeTopic } from "../../wire/topic.ts";
import { tables } from "../database/tables.ts";
import { takeNodeList } from "../directory/readDirectory.ts";
import type { TopicReadings, TopicsAsked } from "../group/claim.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import { receiveWelcomes } from "../joining/receiveWelcomes.ts";
import { receiveEnvelopes } from "../messages/receiveEnvelopes.ts";
import { noteRead, placesIn, readAnewWrites, readWrites, withoutRead } from "../messages/topicReads.ts";
import type { FeedPlan } from "./feedPlan.ts";
import { noteActivity } from "./noteActivity.ts";
import { splitCalls } from "./splitCalls.ts";
import { dropClaims, keepClaim } from "./topicClaims.ts";

/**
 * The most bytes that the positions of one call are estimated to take: the vectors in them take most, and nodes bound
 * those, too.
 */
const MOST_BYTES = MAX_POSITIONS_BYTES / 2;
const TOPIC_BYTES = 128;
const LOG_BYTES = 128;

type Params = {
  core: ClientCore;
  node: NodeId;
  api: NodeApi;
  /** The node's database: cursors belong to it. */
  database: Hex;
  plan: FeedPlan;
  signal: AbortSignal;
};

/**
 * Reads the topics of a plan by way of one node, from where they were left, by as many calls as it takes. Ends by
 * throwing.
 */
export async function followTopics(params: Params): Promise<void> {
  const { core, plan, database } = params;
  const { positions, asked } = await positionsOf({ core, plan, database });
  const bytesOf = ({ vector = [] }: TopicPosition) => TOPIC_BYTES + vector.length * LOG_BYTES;
  const calls = splitCalls({
    ...{ items: positions, most: MAX_TOPICS_PER_CALL, mostBytes: MOST_BYTES, bytesOf },
  });
  const ending = new AbortController();
  const signal = AbortSignal.any([params.signal, ending.signal]);
  const open = new Set<readonly TopicPosition[]>(calls);
  const onRead = (call: readonly TopicPosition[]): void => {
    open.delete(call);
    if (open.size === 0) reachEnd(params);
  };
  const streams = calls.map((call) =>
    followCall({ ...params, signal, positions: call, asked, onRead: () => onRead(call) }),
  );
  try {
    await Promise.all(streams);
  } finally {
    ending.abort();
    await Promise.allSettled(streams);
  }
}

async function followCall(
  params: Params & {
    positions: readonly TopicPosition[];
    asked: TopicsAsked;
    /** Called whenever all of these topics are read. */
    onRead: () => void;
  },
): Promise<void> {
  try {
    await readCall(params);
  } catch (error) {
    const topics = params.positions.map(({ topic }) => topic);
    if (isWeftError(error, "pruned")) await startAnew({ core: params.core, topics, error });
    throw error;
  }
}

/** Reads the topics of one call. The node's claims about them stand for as long as it serves them. */
async function readCall(params: Parameters<typeof followCall>[0]): Promise<void> {
  const { core, node, api, positions, asked, onRead, signal } = params;
  const topics = positions.map(({ topic }) => topic);
  const sinceMs = steadyMs();
  keepClaim({ core, topics, claim: { node, vector: [], sinceMs, asked } });
  try {
    for await (const event of api.subscribe({ topics: positions }, { signal })) {
      if (event.kind === "page") await receivePage({ core, node, api, page: event, asked, signal });
      if (event.kind !== "idle") continue;
      const { vector } = event.watermark;
      for (const topic of topics.map(toHex)) asked.had.set(topic, asked.had.get(topic) ?? vector.map(endOf));
      keepClaim({ core, topics, claim: { node, vector, sinceMs, asked } });
      onRead();
    }
  } finally {
    dropClaims({ core, topics, node });
  }
}

/** Notes that all topics are read: what a copy of this database has sealed is known now. */
function reachEnd({ core, node, plan }: { core: ClientCore; node: NodeId; plan: FeedPlan }): void {
  for (const id of plan.groups) {
    const group = core.groups.get(id);
    if (!group || group.topicReadBy === node) continue;
    group.topicReadBy = node;
    group.outboxWakeup.wake();
    group.topicWakeup.wake();
  }
  core.ownRoomWakeup.wake();
  if (!plan.own || core.bucketReadBy === node) return;
  core.bucketReadBy = node;
  core.bucketWakeup.wake();
}

/**
 * Has topics read anew after this client was away for longer than nodes keep envelopes: the next feed reads what is
 * left.
 */
async function startAnew(params: {
  core: CoreParts<"database" | "logger" | "topicSums">;
  topics: readonly Uint8Array[];
  error: WeftError;
}): Promise<void> {
  const { core, topics, error } = params;
  core.logger.warn({ err: error }, "envelopes were pruned before they were read");
  const writes = await Promise.all(topics.map((topic) => readAnewWrites({ core, topic })));
  await writeAtomic({ database: core.database, writes: writes.flat(), sync: false });
}

/**
 * Gives the present reading of each topic. Call it before the positions are taken: a page counts for the reading in
 * which it was asked for.
 */
export function readingsOf({ core, plan }: { core: CoreParts<"groups">; plan: FeedPlan }): TopicReadings {
  return new Map(
    [...plan.groups, ...plan.mirrored].map((id) => [id, core.groups.get(id)?.topicReadings ?? 0]),
  );
}

/** Says from where on a node is asked for the topics of a plan. */
export async function positionsOf(params: {
  core: CoreParts<"database" | "groups" | "self">;
  plan: FeedPlan;
  database: Hex;
}): Promise<{ readonly positions: TopicPosition[]; readonly asked: TopicsAsked }> {
  const { core, plan, database } = params;
  const asked: TopicsAsked = { readings: readingsOf({ core, plan }), had: new Map() };
  const topics = [...plan.groups, ...plan.mirrored].map((group) => groupTopic(group));
  if (plan.own) topics.push(welcomeTopic(core.self.installation.key));
  const positions = topics.map(async (topic) => {
    const known = await tables.topicPosition.get(core.database, { topic });
    const offset = known?.cursors[database];
    const had = offset === undefined ? (known?.vector ?? []).map(endOf) : known?.had?.[database];
    if (had) asked.had.set(toHex(topic), had);
    if (offset !== undefined) return { topic, cursor: { database, offset } };
    return known ? { topic, vector: known.vector } : { topic };
  });
  return { positions: await Promise.all(positions), asked };
}

function endOf({ log, next }: LogEnd): LogEnd {
  return { log, next };
}

/**
 * Takes in a page of envelopes; a topic's place moves on together with what was read of it. A page of an earlier
 * reading is dropped, for its place lies beyond what the present reading has not read yet.
 */
export async function receivePage(params: {
  core: ClientCore;
  /** The node that gave the page, if that is known. */
  node?: NodeId;
  api: NodeApi;
  page: QueryPage;
  asked?: TopicsAsked;
  /** True for a page of a node that does not serve the topic: the topic's place stays where it is. */
  isAside?: boolean;
  signal: AbortSignal;
}): Promise<void> {
  const { core, node, api, page, asked, isAside = false, signal } = params;
  await knowNodes({ core, node, api, page, signal });
  const byTopic = Map.groupBy(page.envelopes, ({ envelope }) => toHex(envelope.topic));
  for (const envelopes of byTopic.values()) {
    const topic = envelopes[0]?.envelope.topic ?? new Uint8Array();
    const { kind, id } = parseTopic(topic);
    const places = placesIn(core, envelopes);
    const moved = isAside ? [] : [await positionWrite({ core, topic, asked, watermark: page.watermark })];
    const position = [...readWrites(places), ...moved];
    const group = kind === "group" ? core.groups.get(id as GroupId) : undefined;
    const isPresent = () => asked === undefined || asked.readings.get(id as GroupId) === group?.topicReadings;
    const receive = async () => {
      if (group && isPresent()) await receiveEnvelopes({ core, group, envelopes, position });
    };
    if (group) noteActivity(group);
    noteRead(core, places);
    if (group) await group.queue.run(receive);
    else if (kind === "welcome") {
      const fresh = isAside ? await withoutRead(core, envelopes) : envelopes;
      await receiveWelcomes({ core, envelopes: fresh, position });
    } else await writeAtomic({ database: core.database, writes: position, sync: false });
    noteRead(core, places);
  }
}

async function positionWrite(params: {
  core: CoreParts<"database">;
  topic: Uint8Array;
  asked: TopicsAsked | undefined;
  watermark: Watermark;
}): Promise<Write> {
  const { core, topic, asked, watermark } = params;
  const { cursor, vector } = watermark;
  const known = await tables.topicPosition.get(core.database, { topic });
  const cursors = { ...known?.cursors, [cursor.database]: cursor.offset };
  const said = asked?.had.get(toHex(topic));
  const had = said ? { ...known?.had, [cursor.database]: said } : known?.had;
  return tables.topicPosition.put({ topic }, { cursors, vector, ...(had ? { had } : {}) });
}

/** The least time between two questions for the list of nodes, since receipts may name nodes that nobody knows. */
const LEAST_BETWEEN_LISTS_MS = 1_000;

/** Asks for the list of nodes if a receipt names an unknown one: a node that has just registered may have signed it. */
export async function knowNodes(params: {
  core: ClientCore;
  node?: NodeId | undefined;
  api: NodeApi;
  page: QueryPage;
  signal: AbortSignal;
}): Promise<void> {
  const { core, page } = params;
  const nodes = page.envelopes.flatMap(({ receipts }) => receipts.map(({ header }): NodeId => header.node));
  if (nodes.every((node) => core.links.nodes.has(node))) return;
  if (core.listAskedAtMs + LEAST_BETWEEN_LISTS_MS > steadyMs()) return;
  core.listAskedAtMs = steadyMs();
  const { witnesses, database } = core;
  await takeNodeList({ ...params, node: params.node, witnesses, database });
}
