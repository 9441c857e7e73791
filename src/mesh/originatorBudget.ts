import type { Batch } from "../wire/batch.ts";
import { type Envelope, envelopeCost } from "../wire/envelope.ts";
import { toHex } from "../wire/ids.ts";
import { isHistory, isOfStrangers, isWelcomeBucket } from "../wire/topic.ts";
import { type ByteMeters, openByteMeters } from "./byteBudget.ts";

/** How many bytes this node takes of one other node in a minute. */
type OriginatorRates = {
  readonly messages: number;
  /** Bytes of Welcomes, group infos, key packages and kinds that this version does not know. */
  readonly strangers: number;
};

type Spending = { readonly meters: ByteMeters; readonly key: string; readonly bytes: number };

/**
 * How many bytes of one node are taken for one bucket of Welcomes, because a bucket's readers look at all that is in
 * it: twice what a node lets its clients publish there in a minute.
 */
const BUCKET_BYTES_PER_MINUTE = 2 * 1024 * 1024;
const MAX_BUCKETS = 65_536;
/** How many bytes of histories are taken of one node: more than it lets its clients publish at once and in a minute. */
const HISTORY_BYTES_PER_MINUTE = 44_000_000;

/**
 * Opens the originators' budgets. The returned function spends a batch's bytes; it returns false, and spends nothing,
 * if one of the originator's budgets is not enough for the whole batch.
 */
export function openOriginatorBudget(
  rates: OriginatorRates,
): (params: { batch: Batch; now: number }) => boolean {
  const messages = openByteMeters({ perMinute: rates.messages });
  const strangers = openByteMeters({ perMinute: rates.strangers });
  const histories = openByteMeters({ perMinute: HISTORY_BYTES_PER_MINUTE });
  const buckets = openByteMeters({ perMinute: BUCKET_BYTES_PER_MINUTE, maxKeys: MAX_BUCKETS });
  const spendingsOf = ({ header: { node }, envelopes }: Batch): Spending[] => {
    const ofDevices = envelopes.filter(({ topic }) => isHistory(topic));
    const ofStrangers = envelopes.filter(({ topic }) => isOfStrangers(topic) && !isHistory(topic));
    const ofMembers = envelopes.filter(({ topic }) => !isOfStrangers(topic));
    const welcomes = ofStrangers.filter(({ topic }) => isWelcomeBucket(topic));
    const byBucket = Map.groupBy(welcomes, ({ topic }) => toHex(topic));
    return [
      { meters: messages, key: node, bytes: costOf(ofMembers) },
      { meters: strangers, key: node, bytes: costOf(ofStrangers) },
      { meters: histories, key: node, bytes: costOf(ofDevices) },
      ...[...byBucket].map(([bucket, same]) => ({
        ...{ meters: buckets, key: `${node}/${bucket}`, bytes: costOf(same) },
      })),
    ];
  };
  return ({ batch, now }) => {
    const spendings = spendingsOf(batch);
    if (spendings.some(({ meters, key, bytes }) => !meters.fits({ key, bytes, now }))) return false;
    for (const { meters, key, bytes } of spendings) meters.spend({ key, bytes, now });
    return true;
  };
}

function costOf(envelopes: readonly Envelope[]): number {
  return envelopes.reduce((sum, envelope) => sum + envelopeCost(envelope), 0);
}
