import { type Intent, type IntentOutcome, isOpen } from "../reconciler/records/intent.ts";
import { valuesOf } from "../store/client/table.ts";
import type { GroupId, Hex, InboxId, MessageId } from "../wire/ids.ts";
import { relationKinds } from "../wire/relation.ts";
import { type Client, coreOf } from "./client.ts";
import { type RevocationRecord, tables } from "./database/tables.ts";
import type { CoreParts } from "./group/core.ts";
import type { IntentHandle } from "./group/intentHandle.ts";
import { handleOf } from "./group/waiters.ts";

export type IntentSummary = {
  readonly id: Hex;
  /** Undefined for a revocation: it is for no group. */
  readonly group: GroupId | undefined;
  readonly action: Intent["action"]["kind"] | "revoke";
  /** The message that a send is for. */
  readonly message: MessageId | undefined;
  readonly createdAtMs: number;
  readonly progress: Intent["progress"]["kind"];
  /** Undefined while it is open. */
  readonly outcome: IntentOutcome | undefined;
  /**
   * How many inboxes an intent to create, add or remove names, once a node has resolved them, and those whose turn is
   * still to come or, if it failed, did not come.
   */
  readonly members: { readonly total: number; readonly remaining: readonly InboxId[] } | undefined;
  /** `witness`: what it rests on was told by one node, and no other operator answers to confirm it. */
  readonly waitsFor: "witness" | undefined;
  readonly acknowledged: boolean;
  readonly racesLost: number;
  readonly rebased: number;
};

/**
 * Lists the outbox, in its order, then revocations: all that was ever asked for, or what is open (`open: true`) or
 * settled (`false`).
 */
export async function listIntents(params: { client: Client; open?: boolean }): Promise<IntentSummary[]> {
  const core = coreOf(params.client);
  const summaries: IntentSummary[] = [];
  for await (const { value } of tables.outbox.rows(core.database)) {
    if (core.groups.get(value.group)?.view.record.closed?.kind === "own") continue;
    if (params.open === undefined || isOpen(value) === params.open) summaries.push(summaryOf(value));
  }
  for (const record of await valuesOf(tables.revocation.rows(core.database))) {
    const summary = revocationSummary(record);
    if (params.open === undefined || (summary.outcome === undefined) === params.open) summaries.push(summary);
  }
  return summaries;
}

function revocationSummary(record: RevocationRecord): IntentSummary {
  const { id, createdAtMs, acknowledged, progress } = record;
  return {
    ...{ id, createdAtMs, acknowledged, group: undefined, action: "revoke", message: undefined },
    ...{ members: undefined, waitsFor: undefined },
    ...{ progress: progress.kind, racesLost: 0, rebased: 0 },
    outcome: progress.kind === "settled" ? progress.outcome : undefined,
  };
}

/** Finds the handle of an intent, for an app that was started again; undefined for an unknown id. */
export async function findIntent(params: { client: Client; id: Hex }): Promise<IntentHandle | undefined> {
  const core = coreOf(params.client);
  const sequence = await tables.intentPlace.get(core.database, { id: params.id });
  if (sequence === undefined) return await findRevocation(core, params.id);
  const intent = await tables.outbox.get(core.database, { sequence });
  return intent && handleOf(core, intent);
}

async function findRevocation(
  core: CoreParts<"database" | "waiters">,
  id: Hex,
): Promise<IntentHandle | undefined> {
  const revocations = await valuesOf(tables.revocation.rows(core.database));
  const found = revocations.find((record) => record.id === id);
  return found && handleOf(core, found);
}

/** What an app sees of an intent. */
export function summaryOf(intent: Intent): IntentSummary {
  const { id, group, createdAtMs, acknowledged, racesLost, rebased, progress } = intent;
  return {
    ...{ id, group, createdAtMs, acknowledged, racesLost, rebased },
    action: isDeletion(intent) ? "delete" : intent.action.kind,
    message: intent.action.kind === "send" ? intent.action.message : undefined,
    members: membersOf(intent),
    waitsFor: progress.kind === "queued" ? intent.awaits : undefined,
    progress: progress.kind,
    outcome: progress.kind === "settled" ? progress.outcome : undefined,
  };
}

function membersOf({ action, resolved, remaining }: Intent): IntentSummary["members"] {
  if (action.kind !== "create" && action.kind !== "add" && action.kind !== "remove") return undefined;
  return resolved && remaining && { total: resolved.length, remaining };
}

/** True for the deletion of an own message: it is a message. */
function isDeletion({ action }: Intent): boolean {
  return action.kind === "send" && action.content.relation?.kind === relationKinds.delete;
}
