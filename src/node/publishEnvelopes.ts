import type { Logger } from "pino";
import { isStorageFault, isWeftError, WeftError } from "../errors.ts";
import type { PublishOutcome } from "../rpc/nodeApi.ts";
import { blockAt, type ChainIndex } from "../store/node/chainIndex.ts";
import { hasEnvelopes, receiptsOf } from "../store/node/receiptsOf.ts";
import { checkEnvelope, type Envelope, envelopeHash } from "../wire/envelope.ts";
import { decodeGroupEnvelope } from "../wire/groupEnvelope.ts";
import { asId, type NodeId } from "../wire/ids.ts";
import type { Receipt } from "../wire/receipt.ts";
import type { Topic } from "../wire/topic.ts";
import { type Admission, admitEnvelope, knownHead } from "./admitEnvelope.ts";
import type { OwnLogs } from "./openOwnLog.ts";
import type { PublishShares } from "./publishShares.ts";
import { requireTopic } from "./requireServed.ts";

/** The room that an envelope needs besides being good. */
export type Room = {
  readonly shares: PublishShares;
  /** Says why nothing is taken at all; undefined: nothing keeps the node from it. */
  readonly shortage: () => WeftError | undefined;
};

/**
 * Judges envelopes and appends the good ones to the node's own log of their shard, in their order, in one batch where
 * they can share it. What is stored already is answered with its receipt, unless that one is void.
 */
export async function publishEnvelopes(params: {
  admission: Admission;
  /** The shards that the node serves: bit n for shard n. */
  shards: bigint;
  ownLogs: OwnLogs;
  room: Room;
  /** The address whose share they take. */
  caller: string;
  envelopes: readonly Envelope[];
  logger: Logger;
}): Promise<PublishOutcome[]> {
  const { admission, shards, ownLogs, room, caller, envelopes, logger } = params;
  const { store, network } = admission;
  const stored = await hasEnvelopes({ store, hashes: envelopes.map(envelopeHash) });
  const outcomes: Promise<PublishOutcome>[] = [];
  for (const [i, envelope] of envelopes.entries()) {
    try {
      const { topic } = envelope;
      const batcher = ownLogs.get(requireTopic({ network, shards, topic }));
      if (batcher === undefined) throw new WeftError({ code: "not-ready", message: "no log of this shard" });
      const { node } = batcher.log;
      const known = stored[i] === true ? await goodReceipt({ admission, envelope, node }) : undefined;
      if (known === undefined) await admitWithin({ admission, room, caller, envelope });
      const receipt = known === undefined ? batcher.append(envelope) : Promise.resolve(known);
      outcomes.push(receipt.then(acknowledged).catch((error) => refused({ error, logger })));
    } catch (error) {
      outcomes.push(Promise.resolve(refused({ error, logger })));
    }
  }
  return await Promise.all(outcomes);
}

/**
 * Admits an envelope and takes its room: looks for room before anything dearer, and takes it once the envelope is good.
 */
async function admitWithin(params: {
  admission: Admission;
  room: Room;
  caller: string;
  envelope: Envelope;
}): Promise<void> {
  const { admission, room, caller, envelope } = params;
  checkEnvelope(envelope);
  const refusal = (): WeftError | undefined => room.shortage() ?? room.shares.refusal({ caller, envelope });
  const early = refusal();
  if (early) throw early;
  await admitEnvelope({ admission, envelope, nowMs: admission.store.nowMs() });
  const late = refusal();
  if (late) throw late;
  room.shares.take({ caller, envelope });
}

/** Finds a receipt of a stored envelope that is not void, this node's own before others'. */
async function goodReceipt(params: {
  admission: Admission;
  envelope: Envelope;
  node: NodeId;
}): Promise<Receipt | undefined> {
  const { admission, envelope, node } = params;
  const { store, index } = admission;
  const topic = checkEnvelope(envelope);
  const receipts = await receiptsOf({ store, hash: envelopeHash(envelope) });
  const own = receipts.filter(({ header }) => header.node === node);
  const headBlock = await headBlockOf({ admission, topic, envelope });
  for (const receipt of [...own, ...receipts]) {
    if (!(await isVoid({ index, receipt, headBlock }))) return receipt;
  }
  return undefined;
}

/**
 * Gives the block of the head that a stored envelope names; 0 for other kinds and for heads that are not on the chain.
 */
async function headBlockOf(params: {
  admission: Admission;
  topic: Topic;
  envelope: Envelope;
}): Promise<number> {
  const { admission, topic, envelope } = params;
  if (topic.kind !== "group") return 0;
  const { head: id } = decodeGroupEnvelope(envelope.payload);
  const head = await knownHead({ admission, group: asId(topic.id), id });
  return head?.block ?? 0;
}

/**
 * A receipt is void if its anchor is on the chain and before its head's block: it was given before the head was there.
 * An anchor that a reorganization took voids nothing; one too old for the index to know its hash counts as on the
 * chain.
 */
async function isVoid(params: { index: ChainIndex; receipt: Receipt; headBlock: number }): Promise<boolean> {
  const { anchorBlock, anchorHash } = params.receipt.header;
  if (anchorBlock >= params.headBlock) return false;
  const block = await blockAt({ index: params.index, number: anchorBlock });
  return block === undefined || block.hash === anchorHash;
}

function acknowledged(receipt: Receipt): PublishOutcome {
  return { kind: "acknowledged", receipt };
}

function refused(params: { error: unknown; logger: Logger }): PublishOutcome {
  const { error, logger } = params;
  const known = isWeftError(error) ? error : new WeftError({ code: "internal", message: "internal error" });
  const fault = !isWeftError(error) || known.code === "internal" || isStorageFault(known);
  if (fault) logger.error({ err: error }, "an envelope could not be stored");
  const { code, hint, retryAfterMs } = known;
  return { kind: "refused", code, hint, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
