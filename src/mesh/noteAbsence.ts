import { steadyMs } from "../clock/steadyMs.ts";
import { type LogId, logName } from "../wire/logRange.ts";
import type { Absence, Syncing } from "./syncing.ts";

/** Remembers what all peers lack of a log; records a range as a hole once they have lacked it for `holeAfterMs`. */
export async function noteAbsence(params: {
  sync: Pick<Syncing, "absences" | "meshLog" | "holeAfterMs" | "logger">;
  log: LogId;
  /** The range that all peers lack; undefined if there is none any more. */
  absent: Pick<Absence, "first" | "behind"> | undefined;
}): Promise<void> {
  const { log, absent } = params;
  const { absences, meshLog, holeAfterMs, logger } = params.sync;
  const name = logName(log);
  if (absent === undefined) {
    absences.delete(name);
    return;
  }
  const { first, behind } = absent;
  const known = absences.get(name);
  const since = known?.first === first ? known.since : steadyMs();
  absences.set(name, { first, since, behind });
  if (behind === undefined || steadyMs() - since < holeAfterMs) return;
  if (!(await meshLog.recordHole({ log, first, end: behind }))) return;
  absences.delete(name);
  logger.warn(
    { log: name, first: `${first}`, end: `${behind}` },
    "no peer has this range: recorded as a hole",
  );
}
