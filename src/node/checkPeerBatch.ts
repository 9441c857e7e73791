import { isStorageFault, isWeftError } from "../errors.ts";
import type { Batch } from "../wire/batch.ts";
import type { Envelope } from "../wire/envelope.ts";
import { decodeGroupEnvelope, verifyGroupEnvelope } from "../wire/groupEnvelope.ts";
import { asId, type GroupId, type NodeId } from "../wire/ids.ts";
import { decodeKeyPackageRecord } from "../wire/keyPackageRecord.ts";
import { parseTopic } from "../wire/topic.ts";
import { decodeGroupInfoPayload, decodeWelcomePayload } from "../wire/welcomePayload.ts";
import { type Admission, knownHead } from "./admitEnvelope.ts";

/**
 * Looks into a sample of a peer's envelopes, and into all of those of a node that was caught once: whoever took them
 * in should have refused strangers and junk. A head that this index lacks is skipped and blames nobody.
 */
export async function checkPeerBatch(params: {
  admission: Admission;
  batch: Batch;
  /** Nodes that were caught; grows here. */
  caught: Set<NodeId>;
  /** Share of the envelopes to look into, 0 to 1. */
  sample: number;
}): Promise<"good" | "bad-envelope"> {
  const { admission, batch, caught, sample } = params;
  const { node } = batch.header;
  for (const envelope of batch.envelopes) {
    const chosen = caught.has(node) || Math.random() < sample;
    if (!chosen || (await isHonest({ admission, envelope }))) continue;
    caught.add(node);
    return "bad-envelope";
  }
  return "good";
}

async function isHonest(params: { admission: Admission; envelope: Envelope }): Promise<boolean> {
  const { admission, envelope } = params;
  try {
    const { kind, id } = parseTopic(envelope.topic);
    if (kind === "group")
      return await isFromMember({ admission, group: asId(id), payload: envelope.payload });
    if (kind === "key-package") decodeKeyPackageRecord(envelope);
    if (kind === "welcome") decodeWelcomePayload(envelope);
    if (kind === "group-info") decodeGroupInfoPayload(envelope);
    return true;
  } catch (error) {
    // Kinds of newer versions are carried unread.
    if (isWeftError(error, "unknown-topic")) return true;
    if (isWeftError(error) && !isStorageFault(error) && error.code !== "internal") return false;
    throw error;
  }
}

async function isFromMember(params: {
  admission: Admission;
  group: GroupId;
  payload: Uint8Array;
}): Promise<boolean> {
  const { admission, group, payload } = params;
  const envelope = decodeGroupEnvelope(payload);
  const head = await knownHead({ admission, group, id: envelope.head });
  if (head === undefined) return true;
  const { network, certificates: known } = admission;
  return verifyGroupEnvelope({ network, group, envelope, authority: head.authority, known }) === "valid";
}
