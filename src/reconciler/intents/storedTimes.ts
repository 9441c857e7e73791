import type { Intent } from "../records/intent.ts";
import type { Publication } from "../view/viewOfGroup.ts";

/** No intent is put off for longer: a later time was stored by a clock that was ahead of this one. */
const MAX_RETRY_MS = 10_000;

/** Corrects times of a stored intent that this process's clock shows to be false. Pure. */
export function withTrueTimes(params: { intent: Intent; nowMs: number }): Intent {
  const { intent, nowMs } = params;
  const { progress } = intent;
  const retryAtMs = intent.retryAtMs > nowMs + MAX_RETRY_MS ? 0 : intent.retryAtMs;
  if (progress.kind !== "staged" || progress.submitted === undefined) return { ...intent, retryAtMs };
  const submitted = { ...progress.submitted, atMs: Math.min(progress.submitted.atMs, nowMs) };
  return { ...intent, retryAtMs, progress: { ...progress, submitted } };
}

/**
 * Corrects times of a stored publication that this process's clock shows to be false. `duePublications` bounds how long
 * an envelope may wait before it leaves. Pure.
 */
export function publishedInTrueTime(params: { publication: Publication; nowMs: number }): Publication {
  const { publication, nowMs } = params;
  const { record } = publication;
  if (record.acknowledgedAtMs <= nowMs) return publication;
  return { ...publication, record: { ...record, acknowledgedAtMs: nowMs } };
}
