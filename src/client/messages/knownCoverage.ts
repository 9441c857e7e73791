import type { CoverageRecord } from "../../reconciler/records/records.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import { asId, type NodeId, toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { ClientCore } from "../group/core.ts";

export async function knownCoverage(params: {
  database: Database;
  batch: BatchPlace;
}): Promise<CoverageRecord | undefined> {
  return await tables.coverage.get(params.database, keyOfBatch(params.batch));
}

export async function storeCoverage(params: {
  database: Database;
  answers: ReadonlyMap<BatchPlace, CoverageRecord>;
}): Promise<void> {
  const { database, answers } = params;
  const writes = [...answers].map(([batch, record]) => tables.coverage.put(keyOfBatch(batch), record));
  await writeAtomic({ database, writes, sync: false });
}

/** Forgets what was proven of the blocks after this one, which a reorganization took: it has to be asked again. */
export async function forgetCoverage(params: { core: ClientCore; afterBlock: number }): Promise<void> {
  const { core, afterBlock } = params;
  const { database } = core;
  core.rollbacks++;
  const answers = new Map<BatchPlace, CoverageRecord>();
  for await (const { fields, value } of tables.coverage.rows(database)) {
    if (value.asOf <= afterBlock) continue;
    const isGone = value.block === undefined || value.block > afterBlock;
    const { node, generation, shard, first, header } = fields;
    const batch = { log: { node: asId<NodeId>(node), generation, shard }, first, headerHash: toHex(header) };
    answers.set(batch, isGone ? { asOf: afterBlock } : { ...value, asOf: afterBlock });
  }
  await storeCoverage({ database, answers });
}

function keyOfBatch({ log, first, headerHash }: BatchPlace) {
  return { ...log, first, header: headerHash };
}
