import { steadyMs } from "../../clock/steadyMs.ts";
import { confirmedInbox } from "../../reconciler/inboxes/confirmedInbox.ts";
import { inboxesOfInterest } from "../../reconciler/inboxes/inboxesOfInterest.ts";
import type { InboxSnapshot } from "../../reconciler/records/records.ts";
import { MAX_INBOXES_PER_CALL } from "../../rpc/limits.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { refreshInboxes } from "../asking/askRegistry.ts";
import { rankLookUpNodes } from "../asking/lookUpNodes.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, ClientCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isRevoked } from "../group/isRevoked.ts";
import { quietMs } from "../group/manyGroups.ts";
import { judgeSenders } from "../messages/judgeSenders.ts";
import { askNodes } from "../nodes/askNodes.ts";

type Params = { core: ClientCore; signal: AbortSignal };

/**
 * For how many of its rests (see `quietMs`) a client with many groups passes over one of which the registry says
 * nothing new.
 */
const RESTS = 5;

/**
 * Reads what the registry says of all inboxes that concern this client, and lets it take effect: revocations fence
 * messages, new and revoked installations are the upkeep's work, and the revocation of this installation ends all.
 * Gives the number of inboxes. Call it from within `core.registryReads`.
 */
export async function readRegistry({ core, signal }: Params): Promise<number> {
  // Entries that are judged meanwhile read the registry, too, and do not tell the app.
  const wasRevoked = core.wasRevoked ?? isRevoked(core);
  const views = [...core.groups.values()].map(({ view }) => view);
  const inboxes = inboxesOfInterest({ self: core.self.inbox, views, known: core.inboxes });
  const before = new Map(inboxes.map((inbox) => [inbox, core.inboxes.get(inbox)]));
  for (let i = 0; i < inboxes.length; i += MAX_INBOXES_PER_CALL) {
    const some = inboxes.slice(i, i + MAX_INBOXES_PER_CALL);
    const ask = { links: core.links, ranked: rankLookUpNodes(core), signal };
    await askNodes({
      ...ask,
      ask: (api, node) => refreshInboxes({ core, reading: core, api, node, inboxes: some, block: 0, signal }),
    });
  }
  const isNews = (inbox: InboxId) => !saysTheSame(before.get(inbox), core.inboxes.get(inbox));
  if (isNews(core.self.inbox)) core.ownRoomWakeup.wake();
  for (const group of core.groups.values()) {
    if (isPassedOver({ core, group, isNews })) continue;
    await fence({ core, group });
    group.fencedAtMs = steadyMs();
    group.upkeepWakeup.wake();
  }
  core.wasRevoked = isRevoked(core);
  if (isRevoked(core) && !wasRevoked) tellRevoked(core);
  return inboxes.length;
}

/**
 * True for a group that is passed over: a client with many groups looks only now and then at those of which the
 * registry says nothing new.
 */
function isPassedOver(params: {
  core: CoreParts<"groups">;
  group: Group;
  isNews: (inbox: InboxId) => boolean;
}): boolean {
  const { core, group, isNews } = params;
  const restMs = RESTS * quietMs(core);
  const isRecent = group.fencedAtMs + restMs > steadyMs();
  return restMs > 0 && isRecent && ![...inboxesOf(group)].some(isNews);
}

function saysTheSame(a: InboxSnapshot | undefined, b: InboxSnapshot | undefined): boolean {
  return a?.word === b?.word && a?.isProvisional === b?.isProvisional;
}

async function fence({
  core,
  group,
}: {
  core: ChangingCore & CoreParts<"finalityBlocks" | "inboxes">;
  group: Group;
}): Promise<void> {
  const revocations = revocationsIn(core, group);
  const before = group.revocations;
  const changed = [...before.keys(), ...revocations.keys()].filter(
    (installation) => before.get(installation) !== revocations.get(installation),
  );
  if (changed.length === 0) return;
  await group.queue.run(async () => {
    const installations = new Set(changed);
    const { changed: _, ...change } = await judgeSenders({
      ...{ core, group, installations, branch: group.view.branch },
    });
    if (change.writes.length > 0) await changeGroup({ core, group, change });
  });
  group.revocations = revocations;
}

/** Lists the inboxes of a group's members and of its former members. */
function inboxesOf({ view }: Group): Set<InboxId> {
  const removed = view.branch.steps.flatMap(({ entry }) =>
    entry?.verdict.kind === "adopted" ? entry.verdict.removes : [],
  );
  return new Set([...view.record.members, ...removed.map(({ inbox }) => inbox)]);
}

function revocationsIn(core: CoreParts<"inboxes">, group: Group): Map<InstallationKey, number> {
  const revocations = new Map<InstallationKey, number>();
  for (const member of inboxesOf(group)) {
    for (const { installation, revokedBlock } of confirmedInbox(core.inboxes.get(member))?.installations ??
      []) {
      if (revokedBlock !== undefined) revocations.set(installation, revokedBlock);
    }
  }
  return revocations;
}

function tellRevoked(core: ClientCore): void {
  core.logger.warn({ installation: core.self.installation.key }, "this installation was revoked");
  core.changes++;
  for (const group of core.groups.values()) {
    group.outboxWakeup.wake();
    core.events.emit({ kind: "group", group: group.id });
  }
  core.events.emit({ kind: "revoked" });
}
