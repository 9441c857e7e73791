import { WeftError } from "../../errors.ts";
import type { Registry } from "../../reconciler/entries/judgeEntry.ts";
import { snapshotBefore, snapshotOf } from "../../reconciler/inboxes/inboxSnapshot.ts";
import type { KnownHistory } from "../../reconciler/inboxes/takeHistory.ts";
import type { InboxSnapshot } from "../../reconciler/records/records.ts";
import { MAX_INBOXES_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import { EMPTY_WORD } from "../../wire/identityStep.ts";
import type { InboxId, NodeId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import { fetchHistories } from "../nodes/fetchHistories.ts";
import { confirmHistories } from "./confirmHistories.ts";

/**
 * What one connection to a node has read of the registry. A verdict rests on what the node that serves the entry has
 * told since this client reads the chain there: what another node has said, or this one before, may rest on blocks that
 * a reorganization took.
 */
export type RegistryReading = { inboxes: Map<InboxId, InboxSnapshot> };

/** Where a verdict takes from what the registry says. */
export type RegistrySource = {
  readonly core: ChangingCore &
    CoreParts<
      | "certificates"
      | "finalityBlocks"
      | "groups"
      | "inboxes"
      | "network"
      | "preferences"
      | "topicSums"
      | "witnesses"
    >;
  readonly reading: RegistryReading;
  readonly api: Pick<NodeApi, "getHistories">;
  /** The node whose API it is, if the caller knows. */
  readonly node?: NodeId | undefined;
  readonly signal: AbortSignal;
};

/**
 * Gives what the registry says of these inboxes as of `block` or later; records carry the blocks of additions and
 * revocations, so a later reading answers for an earlier block. Asks the node only for what is not known that late.
 * Throws `not-ready` if the node has not read the chain that far. `provisional`: the inboxes of which only that node
 * has told.
 */
export async function askRegistry(
  params: RegistrySource & { inboxes: readonly InboxId[]; block: number },
): Promise<{ registry: Registry; asOf: number; provisional: ReadonlySet<InboxId> }> {
  const { reading, inboxes, block } = params;
  const stale = inboxes.filter((inbox) => (reading.inboxes.get(inbox)?.asOf ?? -1) < block);
  for (let i = 0; i < stale.length; i += MAX_INBOXES_PER_CALL) {
    await refreshInboxes({ ...params, inboxes: stale.slice(i, i + MAX_INBOXES_PER_CALL) });
  }
  const known = new Map(inboxes.map((inbox) => [inbox, reading.inboxes.get(inbox)]));
  const asOf = Math.min(...[...known.values()].map((snapshot) => snapshot?.asOf ?? -1));
  if (asOf < block) {
    throw new WeftError({ code: "not-ready", message: "the registry was rolled back while it was asked" });
  }
  const registry: Registry = (inbox) => (known.get(inbox) ?? reading.inboxes.get(inbox))?.inbox;
  const provisional = new Set(inboxes.filter((inbox) => known.get(inbox)?.isProvisional));
  return { registry, asOf: inboxes.length === 0 ? block : asOf, provisional };
}

/**
 * Asks one node about at most MAX_INBOXES_PER_CALL inboxes, checks what it says and remembers it. Throws `not-ready` if
 * the node has not read the chain up to `block`, or no other operator confirms what it says; `bad-history` if it serves
 * what the chain can't have said.
 */
export async function refreshInboxes(
  params: RegistrySource & { inboxes: readonly InboxId[]; block: number },
): Promise<void> {
  const { core, node: serving, signal } = params;
  // A rollback puts another map in its place.
  const { inboxes: read } = params.reading;
  const { network, finalityBlocks } = core;
  const known = (inbox: InboxId) => knownHistory({ core, snapshot: read.get(inbox), inbox });
  for await (const { head, fetched } of fetchHistories({ ...params, network, finalityBlocks, known })) {
    const claims = fetched.map(({ inbox, history, isReplaced }) => ({
      inbox,
      word: history?.word ?? EMPTY_WORD,
      isReplaced,
    }));
    const { isProvisional } = await confirmHistories({ core, serving, head, claims, signal });
    const snapshots = fetched.map(({ inbox, history, isReplaced }): [InboxId, InboxSnapshot] => {
      const { keyWallets } = known(inbox);
      const before = isReplaced ? undefined : (read.get(inbox) ?? core.inboxes.get(inbox));
      const confirmedAsOf = isProvisional ? (before?.confirmedAsOf ?? -1) : head.number;
      return [inbox, snapshotOf({ history, keyWallets, asOf: head.number, confirmedAsOf })];
    });
    for (const [inbox, snapshot] of snapshots) read.set(inbox, snapshot);
    await remember({ core, snapshots });
  }
}

/** Gives what this connection knows of an inbox, or else what was read last. */
function knownHistory(params: {
  core: CoreParts<"inboxes">;
  snapshot: InboxSnapshot | undefined;
  inbox: InboxId;
}): KnownHistory {
  const { core, snapshot, inbox } = params;
  const last = core.inboxes.get(inbox);
  return { history: (snapshot ?? last)?.history, keyWallets: last?.keyWallets ?? [] };
}

async function remember(params: {
  core: CoreParts<"database" | "inboxes">;
  snapshots: readonly [InboxId, InboxSnapshot][];
}): Promise<void> {
  const { core, snapshots } = params;
  // Another caller may have asked meanwhile, and have learned of later blocks.
  const news = snapshots
    .filter(([inbox, { asOf }]) => (core.inboxes.get(inbox)?.asOf ?? -1) <= asOf)
    .map(([inbox, snapshot]) => [inbox, asConfirmed(snapshot, core.inboxes.get(inbox))] as const);
  const changed = news.filter(([inbox, snapshot]) => !saysTheSame(core.inboxes.get(inbox), snapshot));
  for (const [inbox, snapshot] of news) core.inboxes.set(inbox, snapshot);
  const writes = changed.map(([inbox, snapshot]) => tables.knownInbox.put({ inbox }, snapshot));
  await writeAtomic({ database: core.database, writes, sync: false });
}

/** Keeps what was confirmed of the same steps, if this reading knew less of that. */
function asConfirmed(snapshot: InboxSnapshot, before: InboxSnapshot | undefined): InboxSnapshot {
  if (before?.word !== snapshot.word || before.confirmedAsOf <= snapshot.confirmedAsOf) return snapshot;
  const { confirmedAsOf } = before;
  return { ...snapshot, confirmedAsOf, isProvisional: confirmedAsOf < snapshot.asOf };
}

/** Forgets what this connection has read of blocks after `afterBlock`, which a reorganization may have taken. */
export function forgetReading(params: { reading: RegistryReading; afterBlock: number }): void {
  const { reading, afterBlock } = params;
  reading.inboxes = new Map([...reading.inboxes].filter(([, { asOf }]) => asOf <= afterBlock));
}

/** Forgets what was read of blocks after `afterBlock`, which a reorganization took: it has to be asked again. */
export async function forgetInboxes(params: {
  core: CoreParts<"database" | "groups" | "inboxes">;
  reading: RegistryReading;
  afterBlock: number;
}): Promise<void> {
  const { core, afterBlock } = params;
  forgetReading(params);
  const later = [...core.inboxes].filter(([, { asOf }]) => asOf > afterBlock);
  const kept = later.map(([inbox, snapshot]): [InboxId, InboxSnapshot] => [
    inbox,
    snapshotBefore({ snapshot, afterBlock }),
  ]);
  const writes = kept.map(([inbox, snapshot]) => tables.knownInbox.put({ inbox }, snapshot));
  await writeAtomic({ database: core.database, writes, sync: false });
  for (const [inbox, snapshot] of kept) core.inboxes.set(inbox, snapshot);
  for (const group of core.groups.values()) {
    group.revocations = new Map([...group.revocations.keys()].map((installation) => [installation, -1]));
  }
}

/** True if a snapshot need not be written again: what was true as of an earlier block stays true. */
function saysTheSame(a: InboxSnapshot | undefined, b: InboxSnapshot): boolean {
  return a !== undefined && a.word === b.word && a.isProvisional === b.isProvisional;
}
