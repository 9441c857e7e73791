import type { LogStore } from "../store/node/logStore.ts";
import { newestEnvelopes } from "../store/node/newestEnvelopes.ts";
import type { Envelope } from "../wire/envelope.ts";
import { decodeKeyPackageRecord, type KeyPackageRecord } from "../wire/keyPackageRecord.ts";

/** Arrivals that are looked through; records of a lower generation may arrive after one of a higher. */
const ARRIVALS_READ = 8;

/** The record of the highest generation among the latest arrivals of a key package topic. */
export async function newestKeyPackage(params: {
  store: LogStore;
  topic: Uint8Array;
}): Promise<{ readonly envelope: Envelope; readonly record: KeyPackageRecord } | undefined> {
  const envelopes = await newestEnvelopes({ ...params, limit: ARRIVALS_READ });
  return envelopes
    .flatMap((envelope) => {
      const record = readable(envelope);
      return record === undefined ? [] : [{ envelope, record }];
    })
    .toSorted((a, b) => b.record.generation - a.record.generation)[0];
}

/** What a peer took in without looking may be junk. */
function readable(envelope: Envelope): KeyPackageRecord | undefined {
  try {
    return decodeKeyPackageRecord(envelope);
  } catch {
    return undefined;
  }
}
