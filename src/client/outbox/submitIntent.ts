import { signAppend } from "../../chain/sign/signAppend.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import { zero } from "../../crypto/zero.ts";
import { authorityKeyOf } from "../../reconciler/branch/epochSecrets.ts";
import { limitOf } from "../../reconciler/intents/limitOf.ts";
import { relayed } from "../../reconciler/intents/relayed.ts";
import type { Intent } from "../../reconciler/records/intent.ts";
import type { HeadId, StagedRecord } from "../../reconciler/records/records.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { Append } from "../../wire/append.ts";
import { asAddress, type NodeId } from "../../wire/ids.ts";
import { lookUpNodes } from "../asking/lookUpNodes.ts";
import { requireState } from "../database/epochStates.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, ClientCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { askNodes } from "../nodes/askNodes.ts";
import { countOperators } from "../nodes/nodeLinks.ts";
import { noteWait } from "../nodes/waits.ts";
import { withTicket } from "../nodes/withTicket.ts";
import { isRegistered } from "./isRegistered.ts";

/** Stands for the operator of a node that is no longer listed. */
const NO_OPERATOR = asAddress(new Uint8Array(20));

/**
 * Hands a staged entry to the chain: by this client's own way alone if it has one, otherwise to the node that is given.
 * The payload is the same each time; it is signed anew with the number of siblings that the entry may come after.
 */
export async function submitIntent(params: {
  core: ClientCore;
  group: Group;
  intent: Intent;
  api: NodeApi;
  node: NodeId;
  signal: AbortSignal;
}): Promise<void> {
  const { core, group, intent, api, node, signal } = params;
  const { progress } = intent;
  const staged = progress.kind === "staged" ? group.view.staged.get(progress.entry) : undefined;
  if (!staged) return;
  const { ranked } = await lookUpNodes({ core, group: group.id });
  const isThere = await askNodes({
    ...{ links: core.links, ranked, signal },
    ask: (other, node) => isRegistered({ core, intent, staged, node, api: other, signal }),
  });
  if (!isThere) {
    await buildAnew({ core, group, intent });
    return undefined;
  }
  const limit = limitOf({ intent, children: group.view.childCounts.get(staged.parent) ?? 0 });
  const append = await signStaged({ core, group, staged, limit });
  const block = group.processed.number;
  const outcome = core.ownRelay
    ? await core.ownRelay.relayAppend(append, { signal })
    : await withTicket({
        ...{ tickets: core.links.tickets, place: { node, subject: group.id }, signal },
        ask: (ticket) => api.relayAppend({ ...append, ...(ticket && { ticket }) }, { signal }),
      });
  core.logger.debug({ group: group.id, intent: intent.id, outcome: outcome.kind }, "handed over a commit");
  if (!core.ownRelay && outcome.kind === "refused")
    noteWait(core.links.waits, { node, errand: `relay ${group.id}`, ...outcome });
  // What this client has tried on the chain itself needs nobody's confirmation.
  const operators = core.ownRelay ? 1 : countOperators(core.links);
  const operator = core.links.nodes.get(node)?.operator ?? NO_OPERATOR;
  const change = (now: Intent) =>
    relayed({ intent: now, outcome, operator, operators, block, nowMs: steadyMs(), chance: Math.random });
  await changeStaged({ core, group, intent, change });
}

/** Has an entry built once more: somebody whom it adds is registered later than it says. */
async function buildAnew(params: { core: ChangingCore; group: Group; intent: Intent }): Promise<void> {
  const change = (now: Intent): Intent => ({
    ...now,
    progress: { kind: "queued" },
    attempts: 0,
    retryAtMs: 0,
  });
  await changeStaged({ ...params, change });
}

async function changeStaged(params: {
  core: ChangingCore;
  group: Group;
  intent: Intent;
  change: (now: Intent) => Intent;
}): Promise<void> {
  const { core, group, intent, change } = params;
  await group.queue.run(async () => {
    const now = group.view.intents.find(({ id }) => id === intent.id);
    if (now?.progress.kind !== "staged" || now.progress.entry !== entryOf(intent)) return;
    await changeGroup({ core, group, change: { intents: [change(now)] } });
  });
}

async function signStaged(params: {
  core: CoreParts<"database" | "network">;
  group: Group;
  staged: StagedRecord;
  limit: number;
}): Promise<Append> {
  const { core, group, staged, limit } = params;
  const { parent, authority, payload } = staged;
  const append = { group: group.id, parent, limit, authority, payload };
  const privateKey = await signingKey({ core, group, parent });
  const signature = signAppend({ network: core.network, ...append, privateKey });
  zero(privateKey);
  return { ...append, signature };
}

/** Gives the key of the parent's authority; the genesis key for the first entry. */
async function signingKey(params: {
  core: CoreParts<"database">;
  group: Group;
  parent: HeadId;
}): Promise<Uint8Array> {
  const { core, group, parent } = params;
  if (parent === group.id) {
    const { genesisKey } = group.view.record;
    if (genesisKey) return genesisKey.slice();
  }
  const state = await requireState({
    database: core.database,
    group: group.id,
    cache: group.epochs,
    head: parent,
  });
  return authorityKeyOf(state);
}

function entryOf({ progress }: Intent): string | undefined {
  return progress.kind === "staged" ? progress.entry : undefined;
}
