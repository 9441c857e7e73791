import { steadyMs } from "../../clock/steadyMs.ts";
import { isStorageFault } from "../../errors.ts";
import { type Backoff, backoffMs } from "../../reconciler/intents/backoff.ts";
import type { BatchPlace } from "../../wire/batchPlace.ts";
import { type Hex, type MessageId, toHex } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { judgeAwaited } from "../messages/judgeAwaited.ts";
import { judgeRecord } from "../messages/judgeRecord.ts";
import { storeCoverage } from "../messages/knownCoverage.ts";
import { readMessage } from "../messages/readMessage.ts";
import { askCoverage } from "./askCoverage.ts";

type Params = {
  core: ChangingCore &
    CoreParts<
      "finalityBlocks" | "groups" | "inboxes" | "network" | "preferences" | "rollbacks" | "witnesses"
    >;
  group: Group;
  signal: AbortSignal;
};
/** When each batch, by hash, and what is not final may be asked for again. */
type Schedule = {
  readonly batches: Map<Hex, { readonly attempts: number; readonly atMs: number }>;
  finalAtMs: number;
};
/** Messages with the batches to be asked for. */
type Awaited = ReadonlyMap<MessageId, readonly BatchPlace[]>;

const MAX_MESSAGES_AT_ONCE = 512;
/** The wait while a verdict is pending: a checkpoint comes within a few blocks. */
const PENDING: Backoff = { baseMs: 250, capMs: 2_000 };
/** The wait for batches of which no node can tell after so many attempts. */
const PATIENT: Backoff = { baseMs: 60_000, capMs: 60_000 };
const PATIENT_AFTER_ATTEMPTS = 64;
const LEAST_WAIT_MS = 250;
/** The wait for what a reorganization may still change. */
const FINAL_WAIT_MS = 15_000;
const FAULT_WAIT_MS = 1_000;

/**
 * Finds out, in the background and in batches, which messages by removed or revoked senders count, until that is
 * final. Ends when the signal aborts.
 */
export async function keepVerdicts(params: Params): Promise<void> {
  const { core, group, signal } = params;
  const schedule: Schedule = { batches: new Map(), finalAtMs: 0 };
  while (!signal.aborted) {
    let timeoutMs: number | undefined;
    try {
      timeoutMs = await settleSome({ ...params, schedule });
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      core.logger.warn({ group: group.id, err: error }, "verdicts are asked for again");
      timeoutMs = FAULT_WAIT_MS;
    }
    await group.fenceWakeup.wait({ signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  }
}

/** Asks for what is due; gives the milliseconds until something is due again, undefined if nothing is. */
async function settleSome(params: Params & { schedule: Schedule }): Promise<number | undefined> {
  const { schedule } = params;
  const pending = await settlePending(params);
  if (pending !== undefined) return pending;
  schedule.batches.clear();
  const waitMs = schedule.finalAtMs - steadyMs();
  if (waitMs > 0) return waitMs;
  const { due } = await readAwaited({ ...params, isPending: false, nextAtMs: () => 0 });
  if (due.size === 0) return undefined;
  await ask({ ...params, batches: [...due.values()].flat(), messages: new Set(due.keys()) });
  schedule.finalAtMs = steadyMs() + FINAL_WAIT_MS;
  return FINAL_WAIT_MS;
}

/** Does what `settleSome` does, for what is pending. */
async function settlePending(params: Params & { schedule: Schedule }): Promise<number | undefined> {
  const { batches: known } = params.schedule;
  const nextAtMs = ({ headerHash }: BatchPlace) => known.get(headerHash)?.atMs ?? 0;
  const { due, restAtMs } = await readAwaited({ ...params, isPending: true, nextAtMs });
  if (due.size === 0) return restAtMs && Math.max(LEAST_WAIT_MS, restAtMs - steadyMs());
  const nowMs = steadyMs();
  const batches = [...due.values()].flat().filter((batch) => nextAtMs(batch) <= nowMs);
  await ask({ ...params, batches, messages: new Set(due.keys()) });
  for (const { headerHash } of batches) {
    const attempts = (known.get(headerHash)?.attempts ?? 0) + 1;
    const backoff = attempts > PATIENT_AFTER_ATTEMPTS ? PATIENT : PENDING;
    const atMs =
      steadyMs() + LEAST_WAIT_MS + backoffMs({ ...backoff, attempt: attempts - 1, chance: Math.random });
    known.set(headerHash, { attempts, atMs });
  }
  return LEAST_WAIT_MS;
}

/**
 * Asks what covers these batches and then judges these messages by it; answers that a reorganization has overtaken are
 * dropped.
 */
async function ask(
  params: Params & { batches: readonly BatchPlace[]; messages: ReadonlySet<MessageId> },
): Promise<void> {
  const { core, group, signal } = params;
  const { rollbacks, database } = core;
  const batches = [...new Map(params.batches.map((batch) => [batch.headerHash, batch])).values()];
  const answers = await askCoverage({ core, group, batches, signal });
  if (core.rollbacks === rollbacks) await storeCoverage({ database, answers });
  await group.queue.run(() => judgeAwaited({ core, group, only: params.messages }));
}

/**
 * Gives the messages that are due, a bounded number, of those that are pending or of those that are not final, and when
 * the first of the others is due. A message that waits for nothing any more is due to be forgotten.
 */
async function readAwaited(
  params: Params & { isPending: boolean; nextAtMs: (batch: BatchPlace) => number },
): Promise<{ due: Awaited; restAtMs: number | undefined }> {
  const { core, group, isPending, nextAtMs } = params;
  const { database } = core;
  const { branch } = group.view;
  const due = new Map<MessageId, readonly BatchPlace[]>();
  let restAtMs: number | undefined;
  for await (const { fields, value } of tables.awaited.rows(database, { under: { group: group.id } })) {
    if (value.isPending !== isPending) continue;
    if (due.size === MAX_MESSAGES_AT_ONCE) break;
    const id = toHex(fields.id) as MessageId;
    const record = await readMessage({ database, group: group.id, id });
    const { open } = record ? await judgeRecord({ core, branch, record }) : { open: [] };
    const atMs = open.length === 0 ? 0 : Math.min(...open.map(nextAtMs));
    if (atMs <= steadyMs()) due.set(id, open);
    else restAtMs = Math.min(atMs, restAtMs ?? atMs);
  }
  return { due, restAtMs };
}
