import { steadyMs } from "../../clock/steadyMs.ts";
import type { ErrorCode } from "../../errors.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { IntentReason } from "../../reconciler/policy/reasons.ts";
import type { IntentOutcome } from "../../reconciler/records/intent.ts";
import { valuesOf } from "../../store/client/table.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { rankOwnNodes } from "../asking/rankGroupNodes.ts";
import { type RevocationRecord, tables } from "../database/tables.ts";
import type { ClientCore } from "../group/core.ts";
import { notifyIntent } from "../group/waiters.ts";
import { type IdentityOutcome, relayRecord } from "../nodes/relayRecord.ts";

type Params = { core: ClientCore; signal: AbortSignal };

/** What was handed over and did not land within this time is handed over again, to another node. */
const SEND_AGAIN_MS = 3_000;

/** Codes of refusals that stay once two operators agree on one; others may pass. */
const finalRefusals: Partial<Record<ErrorCode, IntentReason>> = {
  "not-allowed": "not-permitted",
  "bad-signature": "not-permitted",
  "unknown-record": "unknown-installation",
  malformed: "unknown-installation",
};

/**
 * Carries this client's revocations to the chain: the same signed record until the registry lists it, and again if a
 * reorganization takes it away. True while one is open.
 */
export async function sendRevocations(params: Params): Promise<boolean> {
  let isOpen = false;
  for (const record of await valuesOf(tables.revocation.rows(params.core.database))) {
    if (record.isFinal) continue;
    const next = await carryOn({ ...params, record });
    if (next !== record) await storeRevocation(params.core, next);
    isOpen ||= next.progress.kind === "queued";
  }
  return isOpen;
}

/** Stores a revocation before anyone is told of it. */
export async function storeRevocation(core: ClientCore, record: RevocationRecord): Promise<void> {
  const { installation } = record;
  await writeAtomic({
    database: core.database,
    writes: [tables.revocation.put({ installation }, record)],
    sync: true,
  });
  core.changes++;
  notifyIntent(core, record);
}

async function carryOn(params: Params & { record: RevocationRecord }): Promise<RevocationRecord> {
  const { core, record } = params;
  const snapshot = core.inboxes.get(core.self.inbox);
  const { installation } = record;
  const listed = confirmedInbox(snapshot)?.installations.find((one) => one.installation === installation);
  if (snapshot && listed?.revokedBlock !== undefined) {
    const isFinal = snapshot.confirmedAsOf >= listed.revokedBlock + core.finalityBlocks;
    return isFinal || record.progress.kind === "queued"
      ? { ...settled(record, { kind: "delivered" }), isFinal }
      : record;
  }
  const open: RevocationRecord =
    record.progress.kind === "queued" ? record : { ...record, progress: { kind: "queued" } };
  const outcome = await relay({ ...params, record });
  if (outcome?.kind !== "refused") return open;
  const reason = finalRefusals[outcome.code];
  return reason ? { ...settled(record, { kind: "failed", reason }), isFinal: true } : open;
}

/** Hands a revocation over; undefined if it is too early to send it again. */
async function relay(params: Params & { record: RevocationRecord }): Promise<IdentityOutcome | undefined> {
  const { core, record, signal } = params;
  const sent = core.sentRevocations;
  const { atMs, times: turn } = sent.get(record.id) ?? { atMs: Number.NEGATIVE_INFINITY, times: 0 };
  if (steadyMs() < atMs + SEND_AGAIN_MS) return undefined;
  const { links, ownRelay } = core;
  const ranked = rankOwnNodes(core);
  const outcome = await relayRecord({ links, ownRelay, ranked, action: record.action, turn, signal });
  sent.set(record.id, { atMs: steadyMs(), times: turn + 1 });
  core.logger.info({ installation: record.installation, outcome: outcome.kind }, "sent a revocation");
  return outcome;
}

function settled(record: RevocationRecord, outcome: IntentOutcome): RevocationRecord {
  return { ...record, acknowledged: true, progress: { kind: "settled", outcome } };
}
