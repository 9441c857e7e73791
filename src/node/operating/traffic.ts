import type { MeshLog } from "../../mesh/meshLog.ts";
import type { Batch } from "../../wire/batch.ts";
import { envelopeBytes } from "../../wire/envelope.ts";

/** What went through this node since its start. Mutable. */
export type Traffic = {
  /** Bytes of other nodes' envelopes that were stored here. */
  received: number;
  /** Bytes of clients' envelopes, in batches of this node. */
  published: number;
  /** How many envelopes were removed for their age. */
  pruned: number;
};

export function openTraffic(): Traffic {
  return { received: 0, published: 0, pruned: 0 };
}

/** Gives the same log, which counts what is stored of other nodes. */
export function countReceived(params: { log: MeshLog; traffic: Traffic }): MeshLog {
  const { log, traffic } = params;
  return {
    ...log,
    append: async (batch) => {
      const outcome = await log.append(batch);
      if (outcome.kind === "stored") traffic.received += bytesOf(batch);
      return outcome;
    },
  };
}

export function countPublished(params: { batch: Batch; traffic: Traffic }): void {
  params.traffic.published += bytesOf(params.batch);
}

function bytesOf({ envelopes }: Batch): number {
  return envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), 0);
}
