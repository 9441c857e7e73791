import { isWeftError } from "../../errors.ts";
import { openGroupInfo } from "../../identity/sealGroupInfo.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { joinGroup } from "../../mls/joinGroup.ts";
import { epochOf, groupIdOf } from "../../mls/members.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { type EntryId, type EnvelopeHash, toHex } from "../../wire/ids.ts";
import { groupInfoTopic } from "../../wire/topic.ts";
import type { GroupInfoBundle, Welcome } from "../../wire/welcome.ts";
import type { ClientCore } from "../core.ts";
import type { Group } from "../groups/group.ts";
import { activeNodes, apiOf, isUp } from "../links/nodeLinks.ts";
import { rankOwnNodes } from "../links/rankGroupNodes.ts";
import { type HeadId, type KeptKeyPackage, tables, type WelcomeRecord } from "../tables.ts";
import { admitGroup } from "./admitGroup.ts";
import { discardWelcome } from "./discardWelcome.ts";

/** The group info may arrive after the Welcome, on another node first. */
const RETRY_MS = 400;
const GIVE_UP_MS = 24 * 3600 * 1000;
const PAGE_BYTES = 1024 * 1024;

/** Enters the groups whose Welcomes were opened. Ends when the signal aborts. */
export async function joinGroups(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core, signal } = params;
  while (!signal.aborted) {
    const isOpen = await joinPending({ core, signal });
    await core.joinsWakeup.wait({ signal, ...(isOpen ? { timeoutMs: RETRY_MS } : {}) });
  }
}

/** True if something is left to try again. */
export async function joinPending(params: { core: ClientCore; signal: AbortSignal }): Promise<boolean> {
  return await params.core.joins.run(() => joinInTurn(params));
}

async function joinInTurn(params: { core: ClientCore; signal: AbortSignal }): Promise<boolean> {
  const { core, signal } = params;
  let isOpen = false;
  for await (const { fields, value } of tables.welcome.rows(core.database)) {
    if (signal.aborted) return true;
    const envelope = toHex(fields.envelope) as EnvelopeHash;
    isOpen = (await joinOne({ core, envelope, record: value, signal })) || isOpen;
  }
  return isOpen;
}

/** True if it has to be tried again. */
async function joinOne(params: {
  core: ClientCore;
  envelope: EnvelopeHash;
  record: WelcomeRecord;
  signal: AbortSignal;
}): Promise<boolean> {
  const { core, envelope, record, signal } = params;
  const { welcome } = record;
  const group = core.groups.get(welcome.group);
  if (group && isOver(group, welcome.entry)) {
    await discardWelcome({ core, envelope });
    return false;
  }
  if (group && !isEnterable(core, group, welcome.entry)) return await waitLonger({ core, envelope, record });
  const kept = core.keyPackages.get(record.generation);
  const bundle = kept && (await fetchGroupInfo({ core, welcome, signal }));
  if (kept && bundle === "incomplete") return await waitLonger({ core, envelope, record });
  const state = kept && bundle && bundle !== "incomplete" ? enter({ welcome, kept, bundle }) : undefined;
  if (!state) {
    core.logger.warn({ group: welcome.group }, "a Welcome does not open its group");
    await discardWelcome({ core, envelope });
    return false;
  }
  await admitGroup({ core, envelope, welcome, state, generation: record.generation });
  return false;
}

/** What is missing may still come. True while it has to be tried again. */
async function waitLonger(params: { core: ClientCore; envelope: EnvelopeHash; record: WelcomeRecord }) {
  const isOpen = Date.now() < params.record.receivedAtMs + GIVE_UP_MS;
  if (!isOpen) await discardWelcome(params);
  return isOpen;
}

/**
 * In the group by this entry, or out of it again: to enter it once more would begin its ratchets anew, and use their
 * keys twice.
 */
function isOver({ view }: Group, entry: EntryId): boolean {
  const { start, head, status, isFormer } = view.record;
  if (isFormer) return false;
  if (start.head === entry) return true;
  const isOut = status === "removed" || status === "cut-off";
  if (isOut) return view.entries.has(entry) && !isLater({ view, entry, than: head });
  return view.entries.get(entry)?.verdict.kind === "adopted";
}

/**
 * Out of the group; in by the leaf of an installation that was replaced; waiting for an entry that a reorganization
 * took while this one is on the chain; or in by an entry that the others refuse: who joins can't judge it. Nobody else
 * has built on that, and a later one on another branch took this client in anew.
 */
function isEnterable(core: ClientCore, { view }: Group, entry: EntryId): boolean {
  const { status, start, isFormer } = view.record;
  if (isFormer) return true;
  if (status === "member") {
    const isElsewhere =
      isLater({ view, entry, than: start.head }) && !isAbove({ view, entry, below: start.head });
    return isElsewhere && isAlone({ core, view });
  }
  if (status === "joining") return view.entries.has(entry) && !view.entries.has(start.head);
  return status === "removed" || status === "cut-off";
}

/** True if nobody else has built on the entry by which this client came in. */
function isAlone({ core, view }: { core: ClientCore; view: Group["view"] }): boolean {
  return view.branch.steps
    .slice(1)
    .every(
      ({ entry }) =>
        entry?.verdict.kind === "adopted" && entry.verdict.writer.installation === core.self.installation.key,
    );
}

/** True if it is known to be on the chain, and behind the other there. */
function isLater(params: { view: Group["view"]; entry: HeadId; than: HeadId }): boolean {
  const { view, entry, than } = params;
  const [first, second] = [view.entries.get(than), view.entries.get(entry)];
  if (!first || !second) return second !== undefined && than === view.record.group;
  const { block, logIndex } = second;
  return (
    block.number > first.block.number || (block.number === first.block.number && logIndex > first.logIndex)
  );
}

/** True if the one entry stands on the other, or is it. */
function isAbove(params: { view: Group["view"]; entry: HeadId; below: HeadId }): boolean {
  const { view, entry, below } = params;
  for (let at: HeadId | undefined = entry; at !== undefined; at = view.entries.get(at)?.parent) {
    if (at === below) return true;
  }
  return false;
}

/** `undefined` if the Welcome does not give what it promises. */
function enter(params: {
  welcome: Welcome;
  kept: KeptKeyPackage;
  bundle: GroupInfoBundle;
}): GroupState | undefined {
  const { welcome, kept, bundle } = params;
  try {
    const { state } = joinGroup({
      keyPackage: kept.own.keyPackage,
      keyPackageSecrets: kept.own.secrets,
      encryptedGroupSecrets: welcome.encryptedGroupSecrets,
      ...bundle,
    });
    return toHex(groupIdOf(state)) === welcome.group && epochOf(state) > 0 ? state : undefined;
  } catch (error) {
    if (isWeftError(error)) return undefined;
    throw error;
  }
}

/** Asks one node after the other until all chunks are there; `undefined` if they are no group info. */
async function fetchGroupInfo(params: {
  core: ClientCore;
  welcome: Welcome;
  signal: AbortSignal;
}): Promise<GroupInfoBundle | "incomplete" | undefined> {
  const { core, welcome, signal } = params;
  const reference = welcome.groupInfo;
  const envelopes: Envelope[] = [];
  const ranked = rankOwnNodes(core).filter(({ node }) => isUp(core.links, node, Date.now()));
  for (const { node } of ranked.length > 0 ? ranked : activeNodes(core.links)) {
    const api = apiOf(core.links, node);
    if (!api) continue;
    try {
      envelopes.push(...(await queryAll({ api, topic: groupInfoTopic(reference.topicId), signal })));
    } catch (error) {
      if (signal.aborted || !isWeftError(error)) return "incomplete";
      continue;
    }
    const outcome = openGroupInfo({ reference, envelopes });
    if (outcome.kind === "malformed") return undefined;
    if (outcome.kind === "group-info") return outcome.bundle;
  }
  return "incomplete";
}

async function queryAll(params: {
  api: NodeApi;
  topic: Uint8Array;
  signal: AbortSignal;
}): Promise<Envelope[]> {
  const { api, topic, signal } = params;
  const found: Envelope[] = [];
  let position: Parameters<NodeApi["query"]>[0]["topics"][number] = { topic };
  for (;;) {
    const page = await api.query({ topics: [position], maxBytes: PAGE_BYTES }, { signal });
    found.push(...page.envelopes.map(({ envelope }) => envelope));
    if (!page.more || found.length > 256) return found;
    position = { topic, cursor: page.watermark.cursor };
  }
}
