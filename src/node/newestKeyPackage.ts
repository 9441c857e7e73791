import { WeftError } from "../errors.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { newestEnvelopes } from "../store/node/newestEnvelopes.ts";
import { catchFault } from "../wire/catchFault.ts";
import type { Envelope } from "../wire/envelope.ts";
import { isSigned, type KeyPackageRecord, readKeyPackageRecord } from "../wire/keyPackageRecord.ts";

/**
 * How many arrivals are looked through: records of a lower generation may arrive after one of a higher, and a node may
 * repeat old ones to hide it.
 */
const ARRIVALS_READ = 512;

/**
 * Finds the record of the highest generation among the latest arrivals of a key package topic, with a valid signature.
 */
export async function newestKeyPackage(params: {
  store: LogStore;
  topic: Uint8Array;
}): Promise<{ readonly envelope: Envelope; readonly record: KeyPackageRecord } | undefined> {
  const envelopes = await newestEnvelopes({ ...params, limit: ARRIVALS_READ });
  const claimed = envelopes.flatMap((envelope) => {
    const claim = catchFault(() => readKeyPackageRecord(envelope));
    return claim instanceof WeftError ? [] : [{ envelope, ...claim }];
  });
  return claimed.toSorted((a, b) => b.record.generation - a.record.generation).find(isSigned);
}
