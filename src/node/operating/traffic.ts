import type { MeshLog } from "../../mesh/meshLog.ts";
import type { Batch } from "../../wire/batch.ts";
import { envelopeBytes } from "../../wire/envelope.ts";

/** What went through since the start, in bytes of envelopes. Mutable. */
export type Traffic = {
  /** Of other nodes, stored here. */
  received: number;
  /** Of clients, in batches of this node. */
  published: number;
  /** Envelopes that were removed for their age. */
  pruned: number;
};

export function openTraffic(): Traffic {
  return { received: 0, published: 0, pruned: 0 };
}

/** The same log, which counts what is stored of others. */
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
