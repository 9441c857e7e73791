import { steadyMs } from "../clock/steadyMs.ts";
import { isStorageFault, isWeftError } from "../errors.ts";
import type { ByteBudget } from "../mesh/byteBudget.ts";
import type { Batch } from "../wire/batch.ts";
import type { Envelope } from "../wire/envelope.ts";
import { decodeGroupEnvelope, verifyGroupEnvelope } from "../wire/groupEnvelope.ts";
import { decodeHistoryPayload } from "../wire/historyPayload.ts";
import { asId, type GroupId, type NodeId } from "../wire/ids.ts";
import { decodeKeyPackageRecord } from "../wire/keyPackageRecord.ts";
import { isKeyPackage, parseTopic } from "../wire/topic.ts";
import { decodeGroupInfoPayload, decodeWelcomePayload } from "../wire/welcomePayload.ts";
import { type Admission, knownHead } from "./admitEnvelope.ts";

/**
 * How many envelopes of one node in a minute may have heads that this index lacks, though it has read up to their
 * anchor.
 */
export const UNKNOWN_HEADS_PER_MINUTE = 64;

/**
 * Checks a sample of a batch's envelopes: the node that took them in should have refused strangers and junk. All key
 * packages are checked, since junk would hide a good one, and all envelopes of a node that was caught once. A head that
 * this index lacks is no fault before the index has reached the batch's anchor; after that a reorganization explains
 * some, but no more than UNKNOWN_HEADS_PER_MINUTE.
 */
export async function checkPeerBatch(params: {
  admission: Admission;
  batch: Batch;
  /** Nodes that were caught with junk; this function adds to them. */
  caught: Set<NodeId>;
  /** Share of the envelopes to look into, 0 to 1. */
  sample: number;
  /** Counts, by node, the envelopes whose heads should be known; false: too many. Nothing is too many unless given. */
  unknownHeads?: ByteBudget;
}): Promise<"good" | "bad-envelope"> {
  const { admission, batch, caught, sample, unknownHeads = () => true } = params;
  const { node, anchorBlock } = batch.header;
  const isPast = (admission.index.state.head?.number ?? 0) >= anchorBlock;
  for (const envelope of batch.envelopes) {
    const chosen = caught.has(node) || Math.random() < sample || isKeyPackage(envelope.topic);
    const found = chosen ? await look({ admission, envelope }) : "honest";
    if (found === "honest") continue;
    if (found === "junk") caught.add(node);
    else if (!isPast || unknownHeads({ key: node, bytes: 1, now: steadyMs() })) continue;
    return "bad-envelope";
  }
  return "good";
}

type Found = "honest" | "junk" | "unknown-head";

async function look(params: { admission: Admission; envelope: Envelope }): Promise<Found> {
  const { admission, envelope } = params;
  try {
    const { kind, id } = parseTopic(envelope.topic);
    if (kind === "group")
      return await judgeMessage({ admission, group: asId(id), payload: envelope.payload });
    if (kind === "key-package") decodeKeyPackageRecord(envelope);
    if (kind === "welcome") decodeWelcomePayload(envelope);
    if (kind === "group-info") decodeGroupInfoPayload(envelope);
    if (kind === "history") decodeHistoryPayload(envelope);
    return "honest";
  } catch (error) {
    // Kinds of newer versions are carried unread.
    if (isWeftError(error, "unknown-topic")) return "honest";
    if (isWeftError(error) && !isStorageFault(error) && error.code !== "internal") return "junk";
    throw error;
  }
}

async function judgeMessage(params: {
  admission: Admission;
  group: GroupId;
  payload: Uint8Array;
}): Promise<Found> {
  const { admission, group, payload } = params;
  const envelope = decodeGroupEnvelope(payload);
  const head = await knownHead({ admission, group, id: envelope.head });
  if (head === undefined) return "unknown-head";
  const { network, certificates: known } = admission;
  const posted = verifyGroupEnvelope({ network, group, envelope, authority: head.authority, known });
  return posted === "valid" ? "honest" : "junk";
}
