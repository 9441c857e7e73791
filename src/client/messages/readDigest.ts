import type { BranchStep } from "../../reconciler/branch/branch.ts";
import type { EpochTally } from "../../reconciler/records/records.ts";
import type { TimelineRecord } from "../../reconciler/records/timelineRecord.ts";
import { type EpochDigest, epochDigest } from "../../reconciler/timeline/epochDigest.ts";
import type { EntryId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readRecords } from "./timelineStore.ts";

/**
 * Gives an epoch's digest; the epoch's records are read only if one of them has changed since the digest was last asked
 * for.
 */
export async function readDigest(params: {
  core: CoreParts<"database">;
  group: Group;
  step: BranchStep;
  /** The epoch's tally, as stored; undefined if nothing is. */
  tally: EpochTally | undefined;
}): Promise<EpochDigest> {
  const { core, group, step, tally } = params;
  const entry = step.head as EntryId;
  if (!tally) return epochDigest({ entry, records: [] });
  if (tally.gaps > 0) return { kind: "gaps", gaps: tally.gaps };
  const last = group.digests.get(entry);
  if (last?.changes === tally.changes) return last.digest;
  const { epoch } = step;
  const place = { database: core.database, group: group.id, epoch };
  const records: TimelineRecord[] = [];
  for await (const { value } of readRecords(place)) records.push(value);
  const digest = epochDigest({ entry, records });
  const after = await tables.epochTally.get(core.database, place);
  if (after?.changes === tally.changes) group.digests.set(entry, { changes: tally.changes, digest });
  return digest;
}
