import { type GossipSub, gossipsub, type Message, TopicValidatorResult } from "@chainsafe/libp2p-gossipsub";
import { defaultTopicScoreParams } from "@chainsafe/libp2p-gossipsub/score";
import type { Identify } from "@libp2p/identify";
import type { Libp2p, PeerId } from "@libp2p/interface";
import type { Ping } from "@libp2p/ping";
import { sha256 } from "#crypto";
import { isWeftError } from "../errors.ts";
import { type Batch, decodeBatch, encodeBatch } from "../wire/batch.ts";
import { BATCH_HEADER_BYTES } from "../wire/limits.ts";
import type { Network } from "../wire/network.ts";
import type { Intake } from "./intake.ts";
import { gossipBounds } from "./meshBounds.ts";
import type { MeshLogger } from "./meshLogger.ts";
import type { FinalVerdict } from "./verdict.ts";

/** The libp2p services of a node. */
export type MeshServices = { gossip: GossipSub; identify: Identify; ping: Ping };

/** A frame holds one batch and control messages; a longer one breaks the stream. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** How much may wait for one slow peer; beyond it, the stream breaks and sync brings the rest. */
const MAX_PEER_BUFFER_BYTES = 8 * 1024 * 1024;
/** How much may be in check or parked, of all peers' batches; and how many batches of one peer. */
const MAX_PENDING_BYTES = 48 * 1024 * 1024;
const MAX_PENDING_PER_PEER = 256;
/** When a batch of at least this size comes, peers are told that they need not send it, too. */
const IDONTWANT_MIN_BYTES = 16 * 1024;
/** After three forged batches in a minute, a peer's messages are ignored. */
const INVALID_WEIGHT = -10;
const DECAY = 0.97;

/** Returns the gossip topic of a shard of the network. */
export function gossipTopic(params: { network: Network; shard: number }): string {
  const { network, shard } = params;
  return `/weft/1/${network.chainId}/${network.nodeRegistry}/${shard}`;
}

/** Makes the gossip service, which allows these gossip topics and no others. */
export function gossipService(topics: readonly string[]) {
  const scoreOfTopic = {
    ...defaultTopicScoreParams,
    topicWeight: 1,
    timeInMeshWeight: 0,
    firstMessageDeliveriesWeight: 0,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: INVALID_WEIGHT,
    invalidMessageDeliveriesDecay: DECAY,
  };
  return gossipsub({
    ...gossipBounds,
    globalSignaturePolicy: "StrictNoSign",
    msgIdFn: ({ data }) => messageId(data),
    allowedTopics: [...topics],
    fallbackToFloodsub: false,
    floodPublish: false,
    batchPublish: true,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    doPX: false,
    // Sync repairs what gossip loses: no IHAVE, hence no IWANT, whose replies fail as a whole above 4 MiB.
    Dlazy: 0,
    gossipFactor: 0,
    idontwantMinDataSize: IDONTWANT_MIN_BYTES,
    maxInboundDataLength: MAX_FRAME_BYTES,
    maxOutboundBufferSize: MAX_PEER_BUFFER_BYTES,
    scoreParams: {
      // Many nodes on one host are normal here.
      IPColocationFactorWeight: 0,
      behaviourPenaltyWeight: -1,
      behaviourPenaltyThreshold: 6,
      topics: Object.fromEntries(topics.map((topic) => [topic, scoreOfTopic])),
    },
  });
}

/** Subscribes to the shards' gossip topics and lets `intake` decide; a batch is forwarded once it is on disk. */
export function listenToGossip(params: {
  libp2p: Libp2p<MeshServices>;
  shards: ReadonlyMap<string, number>;
  intake: Intake;
  logger: MeshLogger;
}): void {
  const { libp2p, shards, intake, logger } = params;
  const { gossip } = libp2p.services;
  const pending = new Map<string, number>();
  let pendingBytes = 0;

  const validate = async (peer: PeerId, message: Message): Promise<TopicValidatorResult> => {
    const from = peer.toString();
    const { length } = message.data;
    const waiting = pending.get(from) ?? 0;
    if (waiting >= MAX_PENDING_PER_PEER || pendingBytes + length > MAX_PENDING_BYTES) {
      logger.debug({ from, waiting, pendingBytes }, "too much to check: left to sync");
      return TopicValidatorResult.Ignore;
    }
    pending.set(from, waiting + 1);
    pendingBytes += length;
    try {
      return resultOf(await judgeMessage({ message, from, shards, intake }));
    } finally {
      pendingBytes -= length;
      const left = (pending.get(from) ?? 1) - 1;
      if (left === 0) pending.delete(from);
      else pending.set(from, left);
    }
  };
  for (const topic of shards.keys()) {
    gossip.topicValidators.set(topic, validate);
    gossip.subscribe(topic);
  }
}

/** Hands a batch to gossip, the fast path: what it loses, sync brings. Never throws. */
export async function publishBatch(params: {
  libp2p: Libp2p<MeshServices>;
  network: Network;
  batch: Batch;
  logger: MeshLogger;
}): Promise<void> {
  const { libp2p, network, batch, logger } = params;
  const topic = gossipTopic({ network, shard: batch.header.shard });
  try {
    await libp2p.services.gossip.publish(topic, encodeBatch(batch));
  } catch (error) {
    logger.warn({ error }, "a batch could not be published: left to sync");
  }
}

/** Computes a gossip message's id, SHA-256 of the batch's header: another form of the signature is no new message. */
export function messageId(data: Uint8Array): Uint8Array {
  const [tag, low, high] = data;
  const isBatch = tag === 0x0a && low === 0xa0 && high === 0x03 && data.length > 3 + BATCH_HEADER_BYTES;
  return sha256(isBatch ? data.subarray(3, 3 + BATCH_HEADER_BYTES) : data);
}

async function judgeMessage(params: {
  message: Message;
  from: string;
  shards: ReadonlyMap<string, number>;
  intake: Intake;
}): Promise<FinalVerdict> {
  const { message, from, shards, intake } = params;
  let batch: Batch;
  try {
    batch = decodeBatch(message.data);
  } catch (error) {
    // [REJECT] No honest node encodes such bytes.
    return intake.refuse({ from, reason: isWeftError(error, "too-large") ? "too-large" : "malformed" });
  }
  // [REJECT] Each shard has its own gossip topic.
  if (shards.get(message.topic) !== batch.header.shard) return intake.refuse({ from, reason: "wrong-shard" });
  return intake.takeFinally({ batch, from });
}

function resultOf(verdict: FinalVerdict): TopicValidatorResult {
  if (verdict.kind === "accept") return TopicValidatorResult.Accept;
  return verdict.kind === "reject" ? TopicValidatorResult.Reject : TopicValidatorResult.Ignore;
}
