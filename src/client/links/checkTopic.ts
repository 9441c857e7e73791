import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { isStorageFault, isWeftError } from "../../errors.ts";
import { junkReasons } from "../../reconciler/messages/junkReasons.ts";
import type { RejectReason } from "../../reconciler/records/outcome.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { MAX_SPANS_PER_DIGEST } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { type GroupId, type NodeId, toHex } from "../../wire/ids.ts";
import { parseTopic } from "../../wire/topic.ts";
import type { LogDigest } from "../../wire/topicDigest.ts";
import { witnessOf } from "../asking/rankGroupNodes.ts";
import { tables } from "../database/tables.ts";
import type { Claim } from "../group/claim.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import type { ReadPlace } from "../messages/topicReads.ts";
import { networkMs } from "../nodes/chainTime.ts";
import { apiOf, noteWithholding } from "../nodes/nodeLinks.ts";
import { differing, readCounts, vectorBefore } from "./compareTopic.ts";
import { fetchMissing } from "./fetchMissing.ts";
import { claimOf, stands } from "./topicClaims.ts";

type Params = {
  core: ClientCore;
  topic: Uint8Array;
  /** The topic's nodes, best first. */
  ranked: readonly KnownNode[];
  /** Nodes that had less than this client when they were asked last: others come before them. */
  lacking: ReadonlySet<NodeId>;
  signal: AbortSignal;
};

export type TopicCheck = {
  readonly kind: CheckKind;
  /** The other node, if one was asked. */
  readonly witness?: NodeId;
};

export type CheckKind =
  /** This client has all that the other node has. */
  | "agrees"
  /**
   * This client has all that the other node has, and more: the other node can't tell what the serving node leaves out.
   */
  | "lacks"
  /** The serving node had left something out: this client has it now, and leaves that node. */
  | "withheld"
  /** The other node had more, which the serving node does not claim to have; this client has it now. */
  | "behind"
  /** The other node counts more than it shows: this client leaves it. */
  | "invented"
  /** Nobody serves the topic, or no other node answers. */
  | "not-told";

/** How long a serving node is waited for to say that all is read, before the topic is compared all the same. */
const HISTORY_MS = 30_000;
const ANSWER_MS = 5_000;
const FETCH_MS = 60_000;
/** A new envelope reaches one node before the other: after this time it has come by way of the serving node, too. */
const SETTLE_MS = 2_000;
const LOOK_AGAIN_MS = 50;
/** A node that lacks what is younger has not pruned it, but keeps it back. */
const LEAST_KEPT_MS = 24 * 3600 * 1000;

/**
 * Compares what this client has read of a topic with what the next node in rank, of another operator if there is one,
 * holds of it. What differs is settled by fetching: an envelope with a registered node's receipt, in a run of that
 * node's log which the serving node claims to have served, shows that it was left out.
 */
export async function checkTopic(params: Params): Promise<TopicCheck> {
  const { core, topic, ranked, lacking } = params;
  const claim = claimOf({ core, topic });
  if (claim?.vector.length === 0 && steadyMs() < claim.sinceMs + HISTORY_MS) return { kind: "not-told" };
  const others = [...ranked.filter(({ node }) => !lacking.has(node)), ...ranked];
  const witness = claim && witnessOf({ core, ranked: others, node: claim.node });
  const api = witness && apiOf(core.links, witness);
  if (!witness || !api) return { kind: "not-told" };
  return { kind: await compareWith({ ...params, api, witness }), witness };
}

async function compareWith(params: Params & { api: NodeApi; witness: NodeId }): Promise<CheckKind> {
  const digests = await askDigests(params);
  if (!digests) return "not-told";
  if ((await settledDifference({ ...params, digests })).length === 0) return "agrees";
  return await settleByFetching({ ...params, digests });
}

/** Asks for the digests of those logs whose receipts this client can verify; undefined: the node does not answer. */
async function askDigests(params: Params & { api: NodeApi }): Promise<LogDigest[] | undefined> {
  const { core, topic, api } = params;
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const [digests = []] = await api.getTopicDigests({ topics: [{ topic }] }, { signal });
    return digests.filter(({ log }) => core.links.nodes.has(log.node));
  } catch (error) {
    if (isWeftError(error) || signal.aborted) return undefined;
    throw error;
  }
}

async function settledDifference(params: Params & { digests: readonly LogDigest[] }): Promise<LogDigest[]> {
  const untilMs = steadyMs() + SETTLE_MS;
  for (;;) {
    const found = await differing(params);
    if (found.length === 0 || steadyMs() >= untilMs || params.signal.aborted) return found;
    await waitMs({ ms: LOOK_AGAIN_MS, signal: params.signal });
  }
}

async function settleByFetching(
  params: Params & { api: NodeApi; witness: NodeId; digests: readonly LogDigest[] },
): Promise<CheckKind> {
  const { core, topic, witness } = params;
  const claim = claimOf({ core, topic });
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(FETCH_MS)]);
  if (!claim) return "not-told";
  try {
    const open = await differing(params);
    const vector = await vectorBefore({ ...params, claimed: claim.vector, differing: open, signal });
    const missing = await fetchMissing({ ...params, vector, digests: open, signal });
    const genuine = await genuineOf(core, missing);
    const nowMs = networkMs(core.links);
    const withheld = genuine.filter((place) => isWithheld({ place, claim, digests: params.digests, nowMs }));
    // Meanwhile the other node may have begun to serve.
    const isMeant = claim.node !== witness && stands({ core, topic, claim });
    if (withheld.length > 0 && isMeant) return leave({ ...params, node: claim.node, count: withheld.length });
    if (missing.length > 0) return "behind";
    return await judgeWitness({ ...params, signal, witness, open });
  } catch (error) {
    const isOwn = !(isWeftError(error) || signal.aborted) || isStorageFault(error);
    if (params.signal.aborted || isOwn) throw error;
    core.logger.warn({ node: witness, err: error }, "a node does not show what it has of a topic");
    return "not-told";
  }
}

/** Gives the envelopes that a member has posted, and the Welcomes: any node could have told that they are no junk. */
async function genuineOf(core: CoreParts<"database">, places: readonly ReadPlace[]): Promise<ReadPlace[]> {
  const genuine: ReadPlace[] = [];
  for (const place of places) {
    const { kind, id } = parseTopic(place.topic);
    const at = { group: id as GroupId, envelope: place.hash };
    const outcome = kind === "group" ? (await tables.outcome.get(core.database, at))?.outcome : undefined;
    if (kind === "welcome" || (outcome && outcome.kind !== "held" && !isJunk(outcome))) genuine.push(place);
  }
  return genuine;
}

function isJunk(outcome: { kind: string; reason?: unknown }): boolean {
  return outcome.kind === "rejected" && junkReasons.has(outcome.reason as RejectReason);
}

/**
 * True if the serving node has left out an envelope. For that, the node has to claim that it holds the envelope's run
 * of the log, or that it has pruned an envelope which is too young for that. And this client must not have told the
 * node that the client has the run already.
 */
function isWithheld(params: {
  place: ReadPlace;
  claim: Claim;
  digests: readonly LogDigest[];
  nowMs: number;
}): boolean {
  const { place, claim, digests, nowMs } = params;
  const { log, sequence, timeMs } = place;
  const isThere = (one: { log: ReadPlace["log"] }) =>
    one.log.node === log.node && one.log.generation === log.generation && one.log.shard === log.shard;
  // A node may honestly hold the other branch of a log that has two.
  if (digests.some((digest) => isThere(digest) && digest.conflicted)) return false;
  const range = claim.vector.find(isThere);
  const had = claim.asked.had.get(toHex(place.topic));
  if (!range || sequence >= range.next || !had) return false;
  if (sequence < (had.find(isThere)?.next ?? 0n)) return false;
  return sequence >= range.floor || timeMs > nowMs - LEAST_KEPT_MS;
}

function leave(params: Params & { node: NodeId; count: number }): CheckKind {
  const { core, topic, node, count } = params;
  const { kind, id } = parseTopic(topic);
  const group = kind === "group" ? core.groups.get(id as GroupId) : undefined;
  core.logger.warn({ node, kind, group: group?.id, count }, "a node leaves out envelopes");
  noteWithholding(core.links, node, steadyMs());
  if (group?.caughtUpBy === node) group.caughtUpBy = undefined;
  if (group?.topicReadBy === node) group.topicReadBy = undefined;
  if (!group && core.bucketReadBy === node) core.bucketReadBy = undefined;
  if (group) core.events.emit({ kind: "withheld", what: "messages", group: group.id, node });
  else core.events.emit({ kind: "withheld", what: "welcomes", node });
  core.feedsWakeup.wake();
  return "withheld";
}

/**
 * Judges the other node after it has shown nothing new: unless it has gained or pruned something meanwhile, it counts
 * what it does not have.
 */
async function judgeWitness(
  params: Params & { api: NodeApi; witness: NodeId; open: readonly LogDigest[] },
): Promise<CheckKind> {
  const { core, topic, api, witness, open, signal } = params;
  const asked = open.slice(0, MAX_SPANS_PER_DIGEST);
  const ranges = asked.map(({ log, floor, next }) => ({ log, floor, next }));
  const [again = []] = await api.getTopicDigests({ topics: [{ topic, ranges }] }, { signal });
  const claimed = (await differing({ core, topic, digests: again })).filter((digest) => !digest.conflicted);
  // A node that counts fewer lacks something itself, as after a hole in its log.
  const counts = await readCounts({ core, topic, spans: claimed });
  if (!claimed.some(({ sum }, i) => sum.count >= (counts[i] ?? 0)))
    return claimed.length > 0 ? "lacks" : "agrees";
  core.logger.warn({ node: witness }, "a node counts envelopes that it does not show");
  noteWithholding(core.links, witness, steadyMs());
  core.feedsWakeup.wake();
  return "invented";
}
