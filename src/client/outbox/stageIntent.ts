import { randomBytes, sha256 } from "#crypto";
import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError } from "../../errors.ts";
import { distinctAdds } from "../../mls/distinctAdds.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { type StagedCommit, stageCommit } from "../../mls/stageCommit.ts";
import { authorityOf, entryKeyOf } from "../../reconciler/branch/epochSecrets.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { lastAddBlock } from "../../reconciler/branch/lastAddBlock.ts";
import { lastCommitBlock } from "../../reconciler/branch/lastCommitBlock.ts";
import { type Registry, revokedMembers } from "../../reconciler/entries/judgeEntry.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import { backoffMs } from "../../reconciler/intents/backoff.ts";
import { contextBytes, type EntryPlan, planEntry, standingOf } from "../../reconciler/intents/planEntry.ts";
import { RELAY_BACKOFF } from "../../reconciler/intents/relayed.ts";
import type { IntentReason } from "../../reconciler/policy/reasons.ts";
import { failed, type Intent } from "../../reconciler/records/intent.ts";
import type { HeadId, StagedRecord, StagedWelcome } from "../../reconciler/records/records.ts";
import { inboxesOfUpkeep, missingInstallations } from "../../reconciler/upkeep/duties.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { entryId, sealEntryPayload } from "../../wire/entry.ts";
import { fromHex, type InboxId, type NodeId } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { askRegistry } from "../asking/askRegistry.ts";
import { requireState } from "../database/epochStates.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ClientCore } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readMessage } from "../messages/readMessage.ts";
import { awaitingWitness } from "./awaitingWitness.ts";
import { composeAppeal } from "./composeAppeal.ts";
import { fetchKeyPackages } from "./fetchKeyPackages.ts";
import { type Resolved, resolveMembers } from "./resolveMembers.ts";
import { sealControl } from "./sealControl.ts";

type Params = {
  core: ClientCore;
  group: Group;
  intent: Intent;
  node: NodeId;
  api: NodeApi;
  signal: AbortSignal;
};

/**
 * How many attempts wait for a key package: those of new members may take a while to come around. Fewer if a part of
 * the intent has landed: what is left was waited for before.
 */
const PATIENCE = 12;
const PATIENCE_AT_LAST = 4;
/** After so many attempts the node that relays the commit is asked for the key packages that no other has. */
const ASKED_ELSEWHERE = 3;
const REGISTRY_SLACK_BLOCKS = 8;
/**
 * How many blocks an unknown inbox is looked for: a new one is not known everywhere at once, and one that a
 * reorganization took comes again.
 */
const PATIENCE_WITH_UNKNOWN_BLOCKS = 16;

/**
 * Builds the entry of an intent on the present head and stores it, with the state that it opens, before anything of
 * it leaves. What the network has to say is fetched first; if the head has moved meanwhile, the next round tries anew.
 */
export async function stageIntent(params: Params): Promise<void> {
  const { core, group } = params;
  const resolved = await resolve(params);
  if (!resolved) return;
  const { head } = group.view.record;
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const state = await requireState({ ...place, head });
  const facts = await gatherFacts({ ...params, intent: resolved, state });
  await group.queue.run(async () => {
    const now = group.view.intents.find(({ id }) => id === resolved.id);
    if (now?.progress.kind !== "queued" || group.view.record.head !== head) return;
    const intent = lookedUp(now, facts.nodes);
    if (facts.isUnconfirmed) return await store(params, awaitingWitness(intent));
    const { branch, leaves, stranded, owed } = group.view;
    const plan = planEntry({
      ...{ intent, view: viewOf(state), leaves, stranded, owed, ...facts, block: group.processed.number },
      lastAddBlock: lastAddBlock(branch.steps),
      drawBytes: randomBytes,
      self: { inbox: core.self.inbox, installation: core.self.installation.key },
      former: formerMembers(group),
      lastCommitBlock: lastCommitBlock({ steps: branch.steps, inbox: core.self.inbox }),
    });
    await carryOut({ ...params, intent, head, state, plan, registryBlock: facts.asOf });
  });
}

/** Resolves names to inboxes once, durably: from then on others' commits can be counted off. */
async function resolve(params: Params): Promise<Intent | undefined> {
  const { core, group, intent } = params;
  const { action } = intent;
  if (intent.resolved !== undefined || !("members" in action)) return intent;
  const block = Math.max(recentBlock(group), intent.retryAtBlock);
  const found = await resolveMembers({ ...params, group: group.id, members: action.members, block });
  const asked = lookedUp(intent, found.nodes);
  const next = afterResolving({ intent: asked, found, self: core.self.inbox, block: group.processed.number });
  await group.queue.run(() => changeGroup({ core, group, change: { intents: [next] } }));
  return found.kind === "all-found" ? next : undefined;
}

function afterResolving(params: { intent: Intent; found: Resolved; self: InboxId; block: number }): Intent {
  const { intent, found, self, block } = params;
  switch (found.kind) {
    case "unknown":
      return unresolved({ intent, block });
    case "no-witness":
      return awaitingWitness(intent);
    case "all-found": {
      const { inboxes } = found;
      const others = intent.action.kind === "create" ? inboxes.filter((id) => id !== self) : inboxes;
      return { ...intent, resolved: others, remaining: others, attempts: 0, awaits: undefined };
    }
  }
}

/** Notes with the intent which nodes were asked about somebody, before anything of it leaves. */
function lookedUp(intent: Intent, nodes: readonly NodeId[]): Intent {
  return { ...intent, lookedUpAt: [...new Set([...(intent.lookedUpAt ?? []), ...nodes])] };
}

function unresolved({ intent, block }: { intent: Intent; block: number }): Intent {
  const { attempts } = intent;
  if (attempts >= PATIENCE_WITH_UNKNOWN_BLOCKS) return failed(intent, "unknown-member");
  return { ...intent, attempts: attempts + 1, retryAtBlock: block + 1 };
}

async function gatherFacts(params: Params & { state: GroupState }) {
  const { core, group, intent, state } = params;
  const view = viewOf(state);
  const { leaves, stranded, owed } = group.view;
  const isAddition = intent.action.kind === "add" || intent.action.kind === "create";
  const present = new Set(view.members.map(({ inbox }) => inbox));
  const wanted = isAddition ? (intent.remaining ?? []).filter((inbox) => !present.has(inbox)) : [];
  const { superAdmins, admins } = view.context;
  const isUpkeep = intent.action.kind === "upkeep";
  const { number: head } = group.processed;
  const concerned =
    isUpkeep || intent.action.kind === "set-role" ? inboxesOfUpkeep({ view, block: head }) : [];
  const inboxes: InboxId[] = [
    ...new Set([...wanted, core.self.inbox, ...superAdmins, ...admins, ...concerned]),
  ];
  const block = isUpkeep ? head : recentBlock(group);
  const { registry, asOf, provisional } = await askRegistry({ ...params, reading: core, inboxes, block });
  const isConfirmed = (inbox: InboxId) => !provisional.has(inbox);
  const confirmed: Registry = (inbox) =>
    isConfirmed(inbox) ? registry(inbox) : confirmedInbox(core.inboxes.get(inbox));
  const revoked = revokedMembers({ members: view.members, registry: confirmed, block: asOf });
  const standing = standingOf({ view, revoked, leaves, stranded, owed, block: head });
  const found = isUpkeep ? missingInstallations({ standing, registry, block: asOf }) : [];
  const missing = found.filter(({ inbox }) => isConfirmed(inbox));
  const invited = [...wanted, ...new Set(missing.map(({ inbox }) => inbox))];
  const anywhere = intent.attempts >= ASKED_ELSEWHERE;
  const asked = { core, group: group.id, inboxes: invited, registry, block: asOf, anywhere };
  const fetched = await fetchKeyPackages({ ...asked, signal: params.signal });
  const keyPackages = addableTo(state, fetched.keyPackages);
  const nodes = [...("members" in intent.action ? [params.node] : []), ...fetched.nodes];
  const appeal = intent.action.kind === "appeal" ? await composeAppeal(params) : undefined;
  const isUnconfirmed = !wanted.every(isConfirmed);
  const gathered = { keyPackages, nodes, missing, revoked, asOf, appeal, isUnconfirmed };
  return { ...gathered, isDeleted: await isDeleted(params) };
}

/** Leaves out key packages that repeat another's keys: everybody would refuse a commit with both. */
function addableTo(state: GroupState, found: ReadonlyMap<InboxId, readonly KeyPackageRecord[]>) {
  const records = [...found.values()].flat();
  const distinct = distinctAdds({ state, adds: records.map(({ keyPackage }) => keyPackage) });
  const addable = new Set(records.filter((_, i) => distinct.has(i)));
  return new Map([...found].map(([inbox, some]) => [inbox, some.filter((one) => addable.has(one))]));
}

async function isDeleted({ core, group, intent }: Params): Promise<boolean> {
  if (intent.action.kind !== "delete") return false;
  const id = intent.action.message;
  return (await readMessage({ database: core.database, group: group.id, id }))?.deleted ?? false;
}

/** Gives a block a little before the last processed one: the node that is asked may be behind the serving node. */
function recentBlock(group: Group): number {
  return Math.max(0, group.processed.number - REGISTRY_SLACK_BLOCKS);
}

function formerMembers(group: Group): Set<InboxId> {
  const gone = [...group.view.entries.values()].flatMap(({ verdict }) =>
    verdict.kind === "adopted" ? verdict.removes : [],
  );
  return new Set(gone.map(({ inbox }) => inbox));
}

type Staging = Params & { head: HeadId; state: GroupState; registryBlock: number };

async function carryOut(params: Staging & { plan: EntryPlan }): Promise<void> {
  const { intent, plan } = params;
  const retry = { ...intent, attempts: intent.attempts + 1 };
  switch (plan.kind) {
    case "fail":
      return await store(params, failed(intent, plan.reason));
    case "done":
      return await store(params, { ...intent, progress: { kind: "landed" } });
    case "too-soon":
      return await store(params, { ...intent, retryAtBlock: plan.block });
    case "no-key-package": {
      const patience = intent.landed.length > 0 ? PATIENCE_AT_LAST : PATIENCE;
      if (intent.attempts >= patience) return await store(params, failed(intent, "no-key-package"));
      const waitMs = 100 + backoffMs({ ...RELAY_BACKOFF, attempt: intent.attempts, chance: Math.random });
      return await store(params, { ...retry, retryAtMs: steadyMs() + waitMs });
    }
    case "control":
      return await stage(params, sealControl({ ...params, ...plan }));
    case "commit": {
      const built = build({ ...params, plan });
      if (built.kind === "fail") return await store(params, failed(intent, built.reason));
      const { commit, record } = built;
      return await stage(params, { ...record, welcome: welcomeOf(commit, plan.adds) }, commit.newState);
    }
  }
}

/** Stores an entry, and the state that it opens if it is a commit, before anything of them leaves. */
async function stage(params: Staging, record: StagedRecord, newState?: GroupState): Promise<void> {
  const { core, group, intent, head } = params;
  const entry = entryId({ group: group.id, ...record });
  const progress = { kind: "staged", entry, parent: head, needsChildren: 0, submitted: undefined } as const;
  await changeGroup({
    core,
    group,
    change: {
      intents: [{ ...intent, progress, awaits: undefined }],
      staged: [[entry, record]],
      epochs: newState ? [{ head: entry, epoch: { kind: "open", state: newState }, isNew: true }] : [],
      sync: true,
    },
  });
}

function build(
  params: Staging & { plan: EntryPlan & { kind: "commit" } },
): { kind: "built"; commit: StagedCommit; record: StagedRecord } | { kind: "fail"; reason: IntentReason } {
  const { core, group, intent, head, state, plan, registryBlock } = params;
  const { key, privateKey } = core.self.installation;
  try {
    const commit = stageCommit({
      state,
      signatureKey: { publicKey: fromHex(key), privateKey },
      adds: plan.adds.map(({ keyPackage }) => keyPackage),
      removes: plan.removes,
      ...contextBytes(plan.context),
    });
    const authority = authorityOf(commit.newState);
    const payload = sealEntryPayload({
      ...{ group: group.id, parent: head, network: core.network, installationPrivateKey: privateKey },
      key: entryKeyOf({ state, parent: head }),
      body: {
        instruction: { case: "commit", value: commit.commit },
        ...{ authority, registryBlock, installation: key, requests: plan.requests ?? [] },
      },
    });
    const record = { intent: intent.id, parent: head, authority, payload, registryBlock, welcome: undefined };
    return { kind: "built", commit, record };
  } catch (error) {
    if (isWeftError(error, "too-large")) return { kind: "fail", reason: "too-large" };
    if (isWeftError(error, "malformed") || isWeftError(error, "outside-profile")) {
      core.logger.error(
        { group: group.id, err: error },
        "an entry that everybody would refuse was not written",
      );
      return { kind: "fail", reason: "refused" };
    }
    throw error;
  }
}

function welcomeOf({ welcome }: StagedCommit, adds: readonly KeyPackageRecord[]): StagedWelcome | undefined {
  if (!welcome) return undefined;
  const recipients = welcome.groupSecrets.flatMap(({ encryptedGroupSecrets }, i) => {
    const record = adds[i];
    if (!record) return [];
    const { installation, wrapperKey, keyPackage } = record;
    return [{ installation, wrapperKey, keyPackageHash: sha256(keyPackage), encryptedGroupSecrets }];
  });
  return { encryptedGroupInfo: welcome.encryptedGroupInfo, recipients };
}

async function store({ core, group }: Params, intent: Intent): Promise<void> {
  await changeGroup({ core, group, change: { intents: [intent] } });
}
