import type { Logger } from "pino";
import type { MeshLog } from "../../mesh/meshLog.ts";
import { listConflicts } from "../../store/node/listConflicts.ts";
import type { LogStore } from "../../store/node/logStore.ts";
import { findProof, keepProof, listProofs, proofOfConflict } from "../../store/node/proofStore.ts";
import type { Batch } from "../../wire/batch.ts";
import type { EquivocationProof } from "../../wire/equivocation.ts";
import type { NodeId } from "../../wire/ids.ts";

/** Proofs that a node equivocates: two headers that it signed for one place. Mutable. */
export type Proofs = {
  readonly all: ReadonlyMap<NodeId, EquivocationProof>;
  /** Keeps a verified proof; it is on disk when this resolves. False: there was one of that node already. */
  readonly keep: (proof: EquivocationProof) => Promise<boolean>;
  /** Looks for what contradicts a batch whose signature is verified, and keeps and spreads what it finds. */
  readonly look: (batch: Batch) => Promise<void>;
  /** Functions that are called with each new proof. */
  readonly listeners: Set<(proof: EquivocationProof) => void>;
};

/** Reads the stored proofs, and proves what was found when the node ended before it could. */
export async function openProofs(params: { store: LogStore; node: NodeId; logger: Logger }): Promise<Proofs> {
  const { store, node: own, logger } = params;
  const all = new Map((await listProofs(store)).map((proof) => [proof.node, proof]));
  const listeners: Proofs["listeners"] = new Set();
  const keep: Proofs["keep"] = async (proof) => {
    if (all.has(proof.node) || !(await keepProof({ store, proof }))) return false;
    all.set(proof.node, proof);
    if (proof.node === own)
      logger.fatal({}, "this node's key signed two batches for one place: a copy of it runs");
    else logger.error({ equivocator: proof.node }, "a node has signed two batches for one place");
    for (const listener of listeners) listener(proof);
    return true;
  };
  const look: Proofs["look"] = async (batch) => {
    if (all.has(batch.header.node)) return;
    const proof = await findProof({ store, batch });
    if (proof !== undefined) await keep(proof);
  };
  for (const conflict of await listConflicts(store)) {
    if (all.has(conflict.log.node)) continue;
    const proof = await proofOfConflict({ store, conflict });
    if (proof !== undefined) await keep(proof);
  }
  return { all, keep, look, listeners };
}

/** Gives the same log, which looks into every fork that an append brings up. */
export function watchForks(params: { log: MeshLog; proofs: Proofs; logger: Logger }): MeshLog {
  const { log, proofs, logger } = params;
  return {
    ...log,
    append: async (batch) => {
      const outcome = await log.append(batch);
      if (outcome.conflicts !== undefined && outcome.conflicts.length > 0)
        lookAside({ proofs, batch, logger });
      return outcome;
    },
  };
}

/** Looks into a batch without waiting for what comes of it; a fault is logged. */
export function lookAside(params: { proofs: Proofs; batch: Batch; logger: Logger }): void {
  const { proofs, batch, logger } = params;
  proofs
    .look(batch)
    .catch((error: unknown) => logger.warn({ err: error }, "a fork could not be looked into"));
}
