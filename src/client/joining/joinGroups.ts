import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError } from "../../errors.ts";
import { openGroupInfo } from "../../identity/sealGroupInfo.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { joinGroup } from "../../mls/joinGroup.ts";
import { epochOf, groupIdOf } from "../../mls/members.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { isMeant } from "../../reconciler/policy/closed.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { Envelope } from "../../wire/envelope.ts";
import { type EnvelopeHash, type InboxId, toHex } from "../../wire/ids.ts";
import { groupInfoTopic } from "../../wire/topic.ts";
import type { GroupInfoBundle, Welcome } from "../../wire/welcome.ts";
import { rankOwnNodes } from "../asking/rankGroupNodes.ts";
import { type KeptKeyPackage, tables, type WelcomeRecord } from "../database/tables.ts";
import type { CoreParts } from "../group/core.ts";
import { leastMs } from "../nodes/chainTime.ts";
import { apiOf, isUp } from "../nodes/nodeLinks.ts";
import { admitGroup } from "./admitGroup.ts";
import { discardWelcome } from "./discardWelcome.ts";
import { verdictOn } from "./judgeWelcome.ts";

/** The group info may arrive after the Welcome, on another node first. */
const RETRY_MS = 400;
const GIVE_UP_MS = 24 * 3600 * 1000;
const PAGE_BYTES = 1024 * 1024;

/** What entering a group takes, besides the turns in which groups are entered. */
type JoiningCore = Parameters<typeof admitGroup>[0]["core"] & CoreParts<"network">;

/** Enters the groups whose Welcomes were opened. Ends when the signal aborts. */
export async function joinGroups(params: {
  core: JoiningCore & CoreParts<"joins" | "joinsWakeup">;
  signal: AbortSignal;
}): Promise<void> {
  const { core, signal } = params;
  while (!signal.aborted) {
    const isOpen = await joinPending({ core, signal });
    await core.joinsWakeup.wait({ signal, ...(isOpen ? { timeoutMs: RETRY_MS } : {}) });
  }
}

/** Tries to enter the groups whose Welcomes were opened. True if something is left to try again. */
export async function joinPending(params: {
  core: JoiningCore & CoreParts<"joins">;
  signal: AbortSignal;
}): Promise<boolean> {
  return await params.core.joins.run(() => joinInTurn(params));
}

async function joinInTurn(params: { core: JoiningCore; signal: AbortSignal }): Promise<boolean> {
  const { core, signal } = params;
  let isOpen = false;
  for await (const { fields, value } of tables.welcome.rows(core.database)) {
    if (signal.aborted) return true;
    const envelope = toHex(fields.envelope) as EnvelopeHash;
    isOpen = (await joinOne({ core, envelope, record: value, signal })) || isOpen;
  }
  return isOpen;
}

/** Tries to enter one group. True if that has to be tried again. */
async function joinOne(params: {
  core: JoiningCore;
  envelope: EnvelopeHash;
  record: WelcomeRecord;
  signal: AbortSignal;
}): Promise<boolean> {
  const { core, envelope, record, signal } = params;
  const { welcome } = record;
  const verdict = await verdictOn(core, welcome);
  if (verdict === "over") {
    await discardWelcome({ core, envelope });
    return false;
  }
  if (verdict === "wait") return await waitLonger({ core, envelope, record });
  const kept = core.keyPackages.get(record.generation);
  const bundle = kept && (await fetchGroupInfo({ core, welcome, signal }));
  if (kept && bundle === "incomplete") return await waitLonger({ core, envelope, record });
  const self = core.self.inbox;
  const entered =
    kept && bundle && bundle !== "incomplete" ? enter({ self, welcome, kept, bundle }) : undefined;
  if (!entered) {
    core.logger.warn({ group: welcome.group }, "a Welcome does not open its group");
    await discardWelcome({ core, envelope });
    return false;
  }
  await admitGroup({ core, envelope, welcome, ...entered, generation: record.generation });
  return false;
}

/** Keeps a Welcome for which something is missing that may still come. True while it has to be tried again. */
async function waitLonger(params: {
  core: CoreParts<"database" | "links">;
  envelope: EnvelopeHash;
  record: WelcomeRecord;
}) {
  const { core, envelope, record } = params;
  const ageMs = leastMs(core.links) - record.receivedAtMs;
  if (ageMs >= GIVE_UP_MS) await discardWelcome(params);
  // The Welcome was noted by a clock that was far ahead: it has its time from now on.
  else if (ageMs < -GIVE_UP_MS) await noteReceived({ core, envelope, record });
  return ageMs < GIVE_UP_MS;
}

async function noteReceived(params: {
  core: CoreParts<"database" | "links">;
  envelope: EnvelopeHash;
  record: WelcomeRecord;
}) {
  const { core, envelope, record } = params;
  const noted = { ...record, receivedAtMs: leastMs(core.links) };
  await writeAtomic({
    database: core.database,
    writes: [tables.welcome.put({ envelope }, noted)],
    sync: false,
  });
}

/**
 * Joins by a Welcome; undefined if the Welcome does not give what it promises, or leads into a closed group that is not
 * meant for this inbox.
 */
function enter(params: {
  self: InboxId;
  welcome: Welcome;
  kept: KeptKeyPackage;
  bundle: GroupInfoBundle;
}): { state: GroupState; inviter: InboxId | undefined } | undefined {
  const { self, welcome, kept, bundle } = params;
  try {
    const { state, signer } = joinGroup({
      keyPackage: kept.own.keyPackage,
      keyPackageSecrets: kept.own.secrets,
      encryptedGroupSecrets: welcome.encryptedGroupSecrets,
      ...bundle,
    });
    const isRight = toHex(groupIdOf(state)) === welcome.group && epochOf(state) > 0;
    const { context, members } = viewOf(state);
    const inviter = members.find(({ leafIndex }) => leafIndex === signer)?.inbox;
    return isRight && isMeant(context, self) ? { state, inviter } : undefined;
  } catch (error) {
    if (isWeftError(error)) return undefined;
    throw error;
  }
}

/** Asks one node after the other for a group info until all chunks are there; undefined if they are no group info. */
async function fetchGroupInfo(params: {
  core: CoreParts<"links" | "network" | "self">;
  welcome: Welcome;
  signal: AbortSignal;
}): Promise<GroupInfoBundle | "incomplete" | undefined> {
  const { core, welcome, signal } = params;
  const reference = welcome.groupInfo;
  const envelopes: Envelope[] = [];
  const topic = groupInfoTopic(reference.topicId);
  const ranked = rankOwnNodes(core, topic);
  const up = ranked.filter(({ node }) => isUp(core.links, node, steadyMs()));
  for (const { node } of up.length > 0 ? up : ranked) {
    const api = apiOf(core.links, node);
    if (!api) continue;
    try {
      envelopes.push(...(await queryAll({ api, topic, signal })));
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
