import { sha256 } from "#crypto";
import { steadyMs } from "../../clock/steadyMs.ts";
import { equalBytes } from "../../crypto/equalBytes.ts";
import { isWeftError } from "../../errors.ts";
import { ownerOfLeaf } from "../../identity/credential.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { welcomeAgain } from "../../mls/welcomeAgain.ts";
import { compareEntries } from "../../reconciler/branch/compareEntries.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import type { Registry } from "../../reconciler/entries/judgeEntry.ts";
import { type OpenedEntry, openEntry } from "../../reconciler/entries/openEntry.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import type { EntryRecord, StagedWelcome } from "../../reconciler/records/records.ts";
import { staggerMs } from "../../reconciler/upkeep/stagger.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import { type EntryId, fromHex } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { rankChainNodes } from "../asking/rankGroupNodes.ts";
import { readEpoch, readState } from "../database/epochStates.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { askNodes } from "../nodes/askNodes.ts";
import { draftIntent } from "../outbox/addIntent.ts";
import { fetchKeyPackages } from "../outbox/fetchKeyPackages.ts";
import { welcomePublications } from "../outbox/welcomeIntent.ts";

type Params = {
  core: ChangingCore & CoreParts<"finalityBlocks" | "groups" | "inboxes" | "network" | "preferences">;
  group: Group;
  signal: AbortSignal;
};
type Commit = Extract<OpenedEntry, { kind: "commit" }>;

/** By entry: when this client looks whether its Welcomes were sent; undefined: others do, or it has looked. */
export type StandIns = Map<EntryId, number | undefined>;

/** How long the author of an Add has for the Welcomes, and those whom it adds for joining. */
const PATIENCE_MS = 4_000;
/** Members whose turn comes later than this leave it to others: about three stand in. */
const MAX_STAGGER_MS = 2_000;
const TRY_AGAIN_MS = 1_000;

/**
 * Sends the Welcomes of others' Adds where those who were added have not joined: the author may be gone, and nobody
 * else tells them. An installation that has joined has published another key package. This goes on as long as the epoch
 * before is kept, that is until the Add is final. Gives the time to look again, undefined: never.
 */
export async function standIn(params: Params & { turns: StandIns }): Promise<number | undefined> {
  const { core, group, turns } = params;
  // Nobody is welcomed by what one node alone has told.
  const { branch, provisional } = group.view;
  const steps = provisional.length > 0 ? [] : branch.steps;
  const additions = steps.flatMap(({ entry }) => (entry && isOthersAdd(core, group, entry) ? [entry] : []));
  const ids = new Set(additions.map(({ id }) => id));
  for (const id of turns.keys()) if (!ids.has(id)) turns.delete(id);
  for (const entry of additions) {
    if (!turns.has(entry.id)) turns.set(entry.id, await turnOf({ ...params, entry }));
    const atMs = turns.get(entry.id);
    if (atMs === undefined || atMs > steadyMs()) continue;
    const isOver = await lookAfter({ ...params, entry });
    turns.set(entry.id, isOver ? undefined : steadyMs() + TRY_AGAIN_MS);
  }
  const next = [...turns.values()].filter((atMs) => atMs !== undefined);
  return next.length === 0 ? undefined : Math.min(...next);
}

function isOthersAdd(
  { self, finalityBlocks }: CoreParts<"finalityBlocks" | "self">,
  { agreed }: Group,
  entry: EntryRecord,
): boolean {
  const { verdict, block } = entry;
  if (verdict.kind !== "adopted" || verdict.adds.length === 0) return false;
  const isFinal = block.number + finalityBlocks <= agreed.number;
  return !isFinal && verdict.writer.installation !== self.installation.key;
}

/**
 * Gives the time of this client's turn among those who were members before the Add: only they can stand in. Undefined:
 * others do.
 */
async function turnOf(params: Params & { entry: EntryRecord }): Promise<number | undefined> {
  const { core, entry } = params;
  const state = await stateBefore(params);
  if (!state || entry.verdict.kind !== "adopted") return undefined;
  const { installation: author } = entry.verdict.writer;
  const installations = viewOf(state).members.map(({ installation }) => installation);
  const able = installations.filter((installation) => installation !== author);
  const waitMs = staggerMs({ subject: entry.id, self: core.self.installation.key, able });
  return waitMs > MAX_STAGGER_MS ? undefined : steadyMs() + PATIENCE_MS + waitMs;
}

/**
 * Looks whether those who were added have joined, and welcomes those who have not. False if it has to be tried again.
 */
async function lookAfter(params: Params & { entry: EntryRecord }): Promise<boolean> {
  const { core, group, signal } = params;
  try {
    const state = await stateBefore(params);
    const entry = state && (await fetchEntry(params));
    const opened = entry && openEntry({ network: core.network, state, entry });
    if (!state || !entry || opened?.kind !== "commit") return true;
    const absent = await findAbsent({ ...params, opened });
    if (absent.length > 0) await welcome({ core, group, entry, state, opened, absent });
    return true;
  } catch (error) {
    if (signal.aborted || !isWeftError(error)) throw error;
    core.logger.debug({ group: group.id, error }, "could not look whether somebody has joined");
    return false;
  }
}

async function stateBefore(params: Params & { entry: EntryRecord }): Promise<GroupState | undefined> {
  const { core, group, entry } = params;
  return await readState({
    database: core.database,
    group: group.id,
    cache: group.epochs,
    head: entry.parent,
  });
}

/** Fetches an entry with its payload, which is not kept. */
async function fetchEntry(params: Params & { entry: EntryRecord }): Promise<Entry | undefined> {
  const { core, group, signal, entry } = params;
  const before = [...group.view.entries.values()].filter((one) => compareEntries(one, entry) < 0);
  const recent = before
    .slice(-1)
    .map(({ block, logIndex }) => ({ block: block.number, blockHash: block.hash, logIndex }));
  const ranked = await rankChainNodes({ core, group: group.id });
  const page = await askNodes({
    ...{ links: core.links, ranked, signal },
    ask: (api) => api.fetchEntries({ group: group.id, recent }, { signal }),
  });
  return page.entries.find(({ id }) => id === entry.id);
}

/** Lists those who still publish the key package by which they were added. */
async function findAbsent(
  params: Params & { entry: EntryRecord; opened: Commit },
): Promise<KeyPackageRecord[]> {
  const { core, group, signal, opened } = params;
  const inboxes = [...new Set(opened.adds.map(({ inbox }) => inbox))];
  const registry: Registry = (inbox) => confirmedInbox(core.inboxes.get(inbox));
  const { number: block } = group.processed;
  const { keyPackages } = await fetchKeyPackages({
    ...{ core, group: group.id, inboxes, registry, block, signal },
  });
  const added = opened.verified.adds.map(({ keyPackage }) => keyPackage);
  return [...keyPackages.values()]
    .flat()
    .filter(({ keyPackage }) => added.some((one) => equalBytes(one, keyPackage)));
}

async function welcome(params: {
  core: ChangingCore & CoreParts<"network">;
  group: Group;
  entry: Entry;
  state: GroupState;
  opened: Commit;
  absent: readonly KeyPackageRecord[];
}): Promise<void> {
  const { core, group, entry, state, opened, absent } = params;
  const { key, privateKey } = core.self.installation;
  const signatureKey = { publicKey: fromHex(key), privateKey };
  const sealed = welcomeAgain({ state, verified: opened.verified, signatureKey });
  const at = { database: core.database, group: group.id, cache: group.epochs };
  const epoch = await readEpoch({ ...at, head: entry.id });
  if (!sealed || !epoch) return;
  const { encryptedGroupInfo } = sealed;
  const recipients = opened.verified.adds.flatMap((add, i) => {
    const installation = ownerOfLeaf(add)?.installation;
    const record = absent.find((one) => one.installation === installation);
    const encryptedGroupSecrets = sealed.groupSecrets[i]?.encryptedGroupSecrets;
    if (!record || !encryptedGroupSecrets) return [];
    const { wrapperKey } = record;
    const keyPackageHash = sha256(add.keyPackage);
    return [{ installation: record.installation, wrapperKey, keyPackageHash, encryptedGroupSecrets }];
  });
  const welcome: StagedWelcome = { encryptedGroupInfo, recipients };
  core.logger.info(
    { group: group.id, entry: entry.id, recipients: recipients.length },
    "welcomes for another",
  );
  const draft = draftIntent({ core, group: group.id, action: { kind: "welcome", entry: entry.id } });
  const intent = { ...draft, progress: { kind: "landed" } as const };
  const sealing = { core, intent, entry: entry.id, state: epoch.state, welcome };
  const publications = await welcomePublications(sealing);
  await group.queue.run(() =>
    changeGroup({ core, group, change: { intents: [intent], publications, sync: true } }),
  );
}
