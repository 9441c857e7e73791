import { maximum } from "../../wire/bigintOrder.ts";
import type { MissingRange } from "../../wire/heldLog.ts";
import type { LogId } from "../../wire/logRange.ts";
import { scan } from "./heldBatches.ts";
import { listHoles } from "./holes.ts";
import { type LogStore, logStateOf } from "./logStore.ts";

/** How many holes, and how many other missing ranges, are told at once, and how many batches are searched for them. */
const MAX_GAPS = 16;
const MAX_SCANNED = 10_000;

/** Lists what a log lacks: its last holes, the first missing ranges from `next` on, and all after its end. */
export async function missingRanges(params: { store: LogStore; log: LogId }): Promise<MissingRange[]> {
  const { store, log } = params;
  const { next, highest } = logStateOf(store.state, log);
  const holes = (await listHoles(store, log)).slice(-MAX_GAPS);
  const ranges: MissingRange[] = holes.map(({ first, end }) => ({ from: first, until: end }));
  if (highest === next) return [...ranges, { from: next, until: undefined }];
  const gaps: MissingRange[] = [];
  let covered = next;
  const range = { low: next, to: highest, limit: MAX_SCANNED };
  for await (const { first, end } of scan({ database: store.database, log, ...range })) {
    if (first > covered) gaps.push({ from: covered, until: first });
    if (gaps.length === MAX_GAPS) return [...ranges, ...gaps];
    covered = maximum(covered, end);
  }
  return [...ranges, ...gaps, { from: covered, until: undefined }];
}
