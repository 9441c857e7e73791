import { steadyMs } from "../../clock/steadyMs.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import { nextOperators } from "../../reconciler/witness/nextOperators.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Address, NodeId } from "../../wire/ids.ts";
import type { RegistrySource } from "../asking/askRegistry.ts";
import { rankChainNodes } from "../asking/rankGroupNodes.ts";
import { agreeOnHead } from "../entries/agreeOnHead.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isQuiet, quietMs } from "../group/manyGroups.ts";
import { isAsRead } from "../group/markRead.ts";
import { askNodes } from "../nodes/askNodes.ts";
import { apiOf } from "../nodes/nodeLinks.ts";
import { leaveIfAlone, MAX_ALONE_MS } from "../witness/leaveIfAlone.ts";
import { isBehind, leaveIfBehind, MAX_BEHIND_MS } from "../witness/leaveIfBehind.ts";

type Params = {
  core: RegistrySource["core"] & CoreParts<"otherHeads" | "quietTurns">;
  group: Group;
  signal: AbortSignal;
};

/** The time between two questions while nothing else asks for one. */
const PERIOD_MS = 5 * 60_000;
const UNSERVED_MS = 10_000;
/** The time between two questions as long as no witness has agreed. */
const ASK_AGAIN_MS = 1_000;
/** A head that does not move for longer is compared with another node's. */
const STILL_MS = 6_000;
/** With more groups than this each is checked less often: what a node does in all of them is noticed in time in one. */
const GROUPS_IN_TIME = 100;
const ANSWER_MS = 2_000;
/** A head that was asked for within this time is not asked for again for another group. */
const HEAD_AGE_MS = 2_000;
/**
 * By how many of its rests (see `quietMs`) a client with many groups waits longer before it asks about a group again.
 */
const RESTS = 10;

/**
 * Asks a witness whether the node that serves a group leaves out entries: now and then, whenever another node begins to
 * serve, and every second as long as no witness has agreed to all that is known. The node's head is compared with
 * another operator's while nothing of it is agreed on, while it does not move, and while it is far behind. Ends when
 * the signal aborts.
 */
export async function keepChecking(params: Params): Promise<void> {
  const { core, group, signal } = params;
  let maxAgeMs = PERIOD_MS;
  let unshared: Unshared | undefined;
  while (!signal.aborted) {
    const outcome = await inTurn(params, () => checkServing({ ...params, maxAgeMs }));
    unshared = outcome === "not-yet" ? await stillUnshared({ ...params, unshared }) : undefined;
    if (outcome === "not-yet" || outcome === "not-told" || mayBeBehind(params)) {
      await inTurn(params, () => compareHeads(params));
    }
    maxAgeMs = wasBehind(params) ? MAX_BEHIND_MS : PERIOD_MS + RESTS * quietMs(core);
    const restMs = isQuiet(group) ? quietMs(core) : 0;
    await group.servingWakeup.wait({ signal, timeoutMs: restMs + pauseAfter({ ...params, outcome }) });
  }
}

/** The first head of a serving node since which nothing could be agreed on. */
type Unshared = { readonly node: NodeId; readonly head: BlockRef; readonly sinceMs: number };

/** Leaves a node whose heads were not agreed on for too long, if that is because nobody else has its blocks. */
async function stillUnshared(
  params: Params & { unshared: Unshared | undefined },
): Promise<Unshared | undefined> {
  const { core, group, unshared: known, signal } = params;
  const { caughtUpBy: node, processed: head } = group;
  if (node === undefined) return undefined;
  const unshared = known?.node === node ? known : { node, head, sinceMs: steadyMs() };
  if (unshared.sinceMs + MAX_ALONE_MS > steadyMs()) return unshared;
  await leaveIfAlone({ witnesses: core.witnesses, serving: node, head: unshared.head, signal });
  return undefined;
}

/** Limits how many quiet groups, in which nothing is to be done, are asked about at a time. */
async function inTurn<T>({ core, group }: Params, ask: () => Promise<T>): Promise<T> {
  return quietMs(core) > 0 && isQuiet(group) ? await core.quietTurns.run(ask) : await ask();
}

function mayBeBehind(params: Params): boolean {
  return wasBehind(params) || isStandingStill(params.group);
}

function isStandingStill({ told }: Group): boolean {
  return told !== undefined && told.movedAtMs + STILL_MS <= steadyMs();
}

function wasBehind({ core, group }: Params): boolean {
  const { told, id } = group;
  return told !== undefined && isBehind(core.witnesses, { serving: told.node, group: id });
}

function pauseAfter(params: Params & { outcome: Testimony["kind"] | "not-told" }): number {
  const { group, outcome } = params;
  if (outcome === "not-told" && !group.told) return UNSERVED_MS;
  if (outcome !== "agreed" || group.view.provisional.length > 0) return ASK_AGAIN_MS;
  if (wasBehind(params)) return MAX_BEHIND_MS;
  const share = params.core.groups.size / GROUPS_IN_TIME;
  if (share > 1) return STILL_MS * (1 + 2 * share * Math.random());
  const stillAtMs = (group.told?.movedAtMs ?? 0) + STILL_MS;
  const ms = stillAtMs - steadyMs();
  return ms > 0 ? ms + 1 : STILL_MS;
}

/**
 * Asks a witness whether the node that serves a group has told of all its entries, unless one has agreed to that within
 * the last `maxAgeMs`. A node that left entries out is left for a while, and the app is told. A witness that did not
 * agree is not asked again at once. `not-told`: no node has told enough to ask about.
 */
export async function checkServing(
  params: Params & { maxAgeMs: number },
): Promise<Testimony["kind"] | "not-told"> {
  const { core, group, signal, maxAgeMs } = params;
  const { caughtUpBy: node, witness, servedSinceMs } = group;
  if (node === undefined || group.processed.number < group.agreed.number) return "not-told";
  const now = steadyMs();
  const isKnown = group.agreedAtMs >= servedSinceMs && group.agreedAtMs + maxAgeMs > now;
  if (witness === "agreed" && isKnown && group.view.provisional.length === 0) return "agreed";
  const isFresh = group.askedAtMs >= servedSinceMs && group.askedAtMs + ASK_AGAIN_MS > now;
  if (witness !== undefined && witness !== "agreed" && isFresh) return witness;
  if (!isAsRead(group)) return "not-told";
  const api = apiOf(core.links, node);
  const source = api && { core, reading: core, api, node, signal };
  const asked = { core, group, node, head: group.processed, source, readsOn: false, signal };
  const { kind } = await agreeOnHead(asked);
  return kind === "again" ? "not-yet" : kind;
}

/**
 * Compares the serving node's head with another operator's, which shows how old it is: a witness does not answer about
 * a block that is too old.
 */
async function compareHeads({ core, group, signal }: Params): Promise<void> {
  const { links, witnesses } = core;
  if (!group.told) return;
  const { node: serving } = group.told;
  const besides = links.nodes.get(serving)?.operator;
  const ranked = nextOperators({ ranked: await rankChainNodes({ core, group: group.id }), besides });
  const isStill = isStandingStill(group);
  const newest = await newestHead({ core, ranked, besides });
  const { told } = group;
  if (signal.aborted || newest === undefined || told?.node !== serving) return;
  const served = { serving, group: group.id };
  const compared = { witnesses, ...served, claimed: told.head, newest, signal };
  leaveIfBehind(compared);
  if (isStill || isBehind(witnesses, served)) leaveIfBehind({ ...compared, isStill: true });
}

/**
 * Gives the newest block of the first node that answers; groups that are served by the same operator share one
 * question. Undefined: no node answers. Never throws.
 */
async function newestHead(params: {
  core: CoreParts<"links" | "otherHeads">;
  ranked: readonly KnownNode[];
  besides: Address | undefined;
}): Promise<BlockRef | undefined> {
  const { core, ranked, besides = "" } = params;
  const last = core.otherHeads.get(besides);
  if (last && last.atMs + HEAD_AGE_MS > steadyMs()) return await last.head;
  // The signal is not that of one group: others wait for the answer, too.
  const signal = AbortSignal.timeout(ANSWER_MS);
  const ask = async (api: NodeApi): Promise<BlockRef | undefined> => (await api.getNode({}, { signal })).head;
  const head = askNodes({ links: core.links, ranked, signal, ask }).catch(() => undefined);
  core.otherHeads.set(besides, { atMs: steadyMs(), head });
  return await head;
}
