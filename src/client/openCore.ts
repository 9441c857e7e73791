import { createSerialQueue } from "../clock/serialQueue.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { isWeftError, WeftError } from "../errors.ts";
import type { ProxyChoice } from "../net/proxy.ts";
import type { InboxSnapshot } from "../reconciler/records/records.ts";
import { defaultRotation } from "../reconciler/upkeep/rotation.ts";
import { valuesOf } from "../store/client/table.ts";
import type { Database } from "../store/openDatabase.ts";
import { createSumCache } from "../store/topicSums.ts";
import { type GroupId, type InboxId, type NodeId, toHex } from "../wire/ids.ts";
import { DEFAULT_FINALITY_BLOCKS, type Network } from "../wire/network.ts";
import { becomeAnew } from "./becomeAnew.ts";
import type { OpenClientParams, Outside } from "./clientParams.ts";
import { loadConsents } from "./database/consents.ts";
import { openSecret } from "./database/openSecret.ts";
import { tables } from "./database/tables.ts";
import { readDirectory } from "./directory/readDirectory.ts";
import type { ClientCore, ClientLogger } from "./group/core.ts";
import { createEventFeed, type EventFeed } from "./group/events.ts";
import { openJournal } from "./group/journal.ts";
import { loadGroups } from "./group/loadGroups.ts";
import { createReadReceipts } from "./group/readReceipts.ts";
import { openIdentity } from "./identity/openIdentity.ts";
import { watchDeviceClock } from "./links/watchDeviceClock.ts";
import { closeConnections, createNodeLinks } from "./nodes/nodeLinks.ts";
import { type OwnChain, type OwnRelay, openOwnRelay, type RelayTrouble } from "./nodes/ownRelay.ts";
import { noteStorageFault, recoverStorage } from "./recoverStorage.ts";
import { createTurns } from "./timing/turns.ts";
import { createWakeup } from "./timing/wakeup.ts";
import { openWitnesses } from "./witness/openWitnesses.ts";
import type { Witnesses } from "./witness/witnesses.ts";

/** How many questions about quiet groups, in which nothing is to be done, are asked at one time. */
const QUIET_AT_ONCE = 8;
const SETUP_RETRY_MS = 200;
/** How long nodes that are just starting are waited for. */
const NODES_PATIENCE_MS = 10_000;
const silent: ClientLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Puts together what all verbs of a client share: from its database, and the first time from the network, where it
 * registers this installation. Throws as `openClient` does.
 */
export async function openCore(
  params: Omit<OpenClientParams, "directory"> & Outside & { closing: AbortController },
): Promise<ClientCore> {
  const { database, network, wallet, closing, logger = silent } = params;
  const feedsWakeup = createWakeup();
  const links = createNodeLinks({
    bootstrap: params.nodes,
    connect: params.connect,
    onWork: params.onWork,
    nodes: await valuesOf(tables.knownNode.rows(database)),
    onChange: feedsWakeup.wake,
  });
  const { signal } = closing;
  const events = createEventFeed();
  const ownRelay = params.chain && relayOf({ ...params, chain: params.chain, events, signal });
  const finalityBlocks = params.finalityBlocks ?? DEFAULT_FINALITY_BLOCKS;
  let opened: ClientCore | undefined;
  const witnesses = await openWitnesses({
    ...{ links, network, proxy: params.proxy, finalityBlocks, signal, secret: await openSecret(database) },
    chosen: params.witnesses,
    online: params.online !== false,
    onLie: (lie) => {
      logger.warn(lie, "what a node says of the chain is contradicted");
      for (const group of opened?.groups.values() ?? []) {
        if (lie.isDecided && group.caughtUpBy === lie.node) group.caughtUpBy = undefined;
      }
      events.emit({ kind: "lied", ...lie });
      feedsWakeup.wake();
    },
  });
  const self = await openIdentity({
    ...{ database, network, links, witnesses, ownRelay, wallet, signal },
    findNodes: () => findNodes({ ...params, witnesses, ownRelay, signal }),
  }).finally(() => (params.online === false ? closeConnections(links) : undefined));
  const { groups, nextSequence } = await loadGroups(database);
  const core: ClientCore = {
    ...{ database, network, wallet, self, links, ownRelay, logger, feedsWakeup, closing, nextSequence },
    ...{ mirrors: checkMirrors(params.mirrors ?? 1), journal: await openJournal(database) },
    ...{ finalityBlocks, witnesses, events },
    rotation: params.rotation ?? defaultRotation,
    groups: new Map(groups.map((group) => [group.id, group])),
    ...(await loadDirectories(database)),
    certificates: new Map(),
    waiters: new Map(),
    welcomes: createSerialQueue(),
    directs: createSerialQueue(),
    joins: createSerialQueue(),
    registryReads: createSerialQueue(),
    quietTurns: createTurns(QUIET_AT_ONCE),
    joinsWakeup: createWakeup(),
    identityWakeup: createWakeup(),
    registryWakeup: createWakeup(),
    ...{ asksConsent: (params.consent ?? "ask") === "ask", consents: await loadConsents(database) },
    readReceipts: params.readReceipts === true ? createReadReceipts() : undefined,
    ...{ notes: createSerialQueue(), hasOwnRoom: params.ownRoom ?? true, ownRoomWakeup: createWakeup() },
    copyWakeup: createWakeup(),
    bucketWakeup: createWakeup(),
    expiryWakeup: createWakeup(),
    bucketReadBy: undefined,
    copy: await tables.copy.get(database, {}),
    claims: new Map(),
    topicSums: createSumCache(),
    otherHeads: new Map(),
    listAskedAtMs: 0,
    sentRevocations: new Map(),
    registrationTurns: 0,
    wasRevoked: undefined,
    ending: undefined,
    rollbacks: 0,
    changes: 0,
    online: undefined,
    wantsOnline: params.online ?? true,
    recovery: undefined,
    storageFault: undefined,
    storageTried: Promise.withResolvers(),
    storageMendedMs: Number.NEGATIVE_INFINITY,
    onStorageFault: (fault) => {
      noteStorageFault(core, fault);
      recoverBy(core, recoverStorage);
    },
    onCopied: () => recoverBy(core, becomeAnew),
  };
  opened = core;
  watchDeviceClock(core);
  return core;
}

function checkMirrors(mirrors: number): number {
  if (Number.isSafeInteger(mirrors) && mirrors >= 1) return mirrors;
  throw new WeftError({ code: "bad-config", message: `mirrors is a number of nodes, not ${mirrors}` });
}

/** Runs one recovery at a time; what has failed meanwhile is looked after once more. */
function recoverBy(core: ClientCore, recover: (core: ClientCore) => Promise<void>): void {
  core.recovery ??= recover(core).then(() => {
    core.recovery = undefined;
    const isDoubtful = [...core.groups.values()].some((group) => group.isDoubtful);
    if (isDoubtful && !core.closing.signal.aborted) core.onStorageFault();
  });
}

async function loadDirectories(database: Database) {
  const keyPackages = await valuesOf(tables.keyPackage.rows(database));
  const preferences = new Map<GroupId, NodeId>();
  for await (const { fields, value } of tables.preference.rows(database)) {
    preferences.set(toHex(fields.group) as GroupId, value);
  }
  const inboxes = new Map<InboxId, InboxSnapshot>();
  for await (const { fields, value } of tables.knownInbox.rows(database)) {
    inboxes.set(toHex(fields.inbox) as InboxId, value);
  }
  const toldGroups = await valuesOf(tables.toldGroup.rows(database));
  return {
    toldGroups: new Map(toldGroups.map((told) => [told.group, told])),
    keyPackages: new Map(keyPackages.map((kept) => [kept.own.generation, kept])),
    preferences,
    inboxes,
  };
}

/** Opens the client's own way to the chain; the app hears what it lacks. */
function relayOf(params: {
  chain: OwnChain;
  network: Network;
  proxy?: ProxyChoice;
  events: EventFeed;
  signal: AbortSignal;
}): OwnRelay {
  const onTrouble = (trouble: RelayTrouble): void =>
    params.events.emit({ kind: "chain-trouble", account: relay.account, ...trouble });
  const relay = openOwnRelay({ ...params, onTrouble });
  return relay;
}

/**
 * Reads the list of nodes. Nodes that are just starting are waited for a little, unless they are not needed to
 * register.
 */
async function findNodes(
  params: Pick<OpenClientParams, "network"> & {
    witnesses: Witnesses;
    ownRelay: OwnRelay | undefined;
    database: Database;
    signal: AbortSignal;
  },
): Promise<void> {
  const untilMs = steadyMs() + NODES_PATIENCE_MS;
  for (;;) {
    try {
      await readDirectory(params);
      return;
    } catch (error) {
      if (params.ownRelay && isWeftError(error, "no-node")) return;
      if (!isWeftError(error, "no-node") || steadyMs() > untilMs || params.signal.aborted) throw error;
      await waitMs({ ms: SETUP_RETRY_MS, signal: params.signal });
    }
  }
}
