import type { Wallet } from "../chain/wallet.ts";
import { steadyMs } from "../clock/steadyMs.ts";
import { isWeftError, WeftError } from "../errors.ts";
import { checkProxy } from "../net/checkProxy.ts";
import type { ProxyChoice } from "../net/proxy.ts";
import type { InboxSnapshot } from "../reconciler/records/records.ts";
import { defaultRotation, type Rotation } from "../reconciler/upkeep/rotation.ts";
import { connectNode } from "../rpc/connectNode.ts";
import { valuesOf } from "../store/client/table.ts";
import { type Database, openDatabase } from "../store/openDatabase.ts";
import { createSumCache } from "../store/topicSums.ts";
import { type GroupId, type InboxId, type NodeId, toHex } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import { becomeAnew } from "./becomeAnew.ts";
import { bindCore, type Client } from "./client.ts";
import { openSecret } from "./database/openSecret.ts";
import { tables } from "./database/tables.ts";
import { readDirectory } from "./directory/readDirectory.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import type { ClientCore, ClientLogger, CoreParts } from "./group/core.ts";
import { createEventFeed, type EventFeed } from "./group/events.ts";
import { loadGroups } from "./group/loadGroups.ts";
import { closeWaiters } from "./group/waiters.ts";
import { openIdentity } from "./identity/openIdentity.ts";
import { watchDeviceClock } from "./links/watchDeviceClock.ts";
import { closeConnections, createNodeLinks, type NodeLinks } from "./nodes/nodeLinks.ts";
import { type OwnChain, type OwnRelay, openOwnRelay, type RelayTrouble } from "./nodes/ownRelay.ts";
import type { WorkProgress } from "./nodes/withTicket.ts";
import { noteStorageFault, recoverStorage } from "./recoverStorage.ts";
import { createSerialQueue } from "./timing/serialQueue.ts";
import { createTurns } from "./timing/turns.ts";
import { waitMs } from "./timing/waitMs.ts";
import { createWakeup } from "./timing/wakeup.ts";
import { type ChosenWitnesses, openWitnesses } from "./witness/openWitnesses.ts";
import type { Witnesses } from "./witness/witnesses.ts";

export type OpenClientParams = {
  /** Of the database; the name of an IndexedDB in browsers. */
  readonly directory: string;
  readonly wallet: Wallet;
  /** HTTP addresses of nodes to start from. */
  readonly nodes: readonly string[];
  readonly network: Network;
  /**
   * Entries, registrations and revocations go straight to the chain by this endpoint and are paid by this account;
   * no node is asked to relay them then, so none can keep them off the chain. The endpoint's operator sees this
   * machine's address; everybody sees the account beside each entry that it paid for.
   */
  readonly chain?: OwnChain;
  /** False: stay cut off until `setOnline`. Only a client that was set up before can be opened so. */
  readonly online?: boolean;
  /** Blocks on top of one that make it final. */
  readonly finalityBlocks?: number;
  /**
   * By way of how many nodes at once each conversation's messages are read and published; 1 unless told. With more, a
   * node that keeps something back is not even missed.
   */
  readonly mirrors?: number;
  /** When this client renews its keys in each group by itself; `defaultRotation` unless told. */
  readonly rotation?: Rotation | "off";
  /**
   * Who confirms what nodes say of the chain besides nodes of other operators: RPCs of the chain, each of which decides
   * alone. `one-operator`: where the registry has nodes of one operator only, these are believed.
   */
  readonly witnesses?: ChosenWitnesses;
  /**
   * Where everything leaves that this client asks of nodes, endpoints and the chain: `http://…` (by CONNECT),
   * `https://…`, `socks5://…`, or `direct`. Unless told, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say so. The
   * proxy looks up names, too. Node.js only: browsers have settings of their own.
   */
  readonly proxy?: string;
  /**
   * Hears how far the work is that nodes ask for before they pay for somebody new: puzzles that are solved, of how many,
   * for this inbox or for a new group. A second about, beside this thread.
   */
  readonly onWork?: (progress: WorkProgress) => void;
  readonly logger?: ClientLogger;
  readonly signal?: AbortSignal;
};

/** Questions about groups in which nothing is to be done, at one time. */
const QUIET_AT_ONCE = 8;
const DEFAULT_FINALITY_BLOCKS = 64;
const SETUP_RETRY_MS = 200;
/** How long nodes that are just starting are waited for. */
const NODES_PATIENCE_MS = 10_000;
/** How long opening waits for the word that the app's endpoint is of this network. */
const ENDPOINT_PATIENCE_MS = 3_000;
const silent: ClientLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Opens this installation's database and, the first time, sets it up: an inbox on chain and a key package on the
 * nodes. Afterwards it opens without a network, too. Throws `no-node`, `old-network`, `wrong-network`,
 * `wrong-chain`, `storage`, `bad-config`; with `chain` and something to register `chain-unreachable` and
 * `unfunded`.
 */
export async function openClient(params: OpenClientParams): Promise<Client> {
  const { directory, network, proxy } = params;
  checkProxy(proxy);
  const database = await openDatabase({ path: directory, kind: "client", network });
  const connect: NodeLinks["connect"] = (place) => connectNode({ ...place, proxy });
  return await openClientOn({ ...params, database, connect });
}

/** What the client does not care about: where its records are kept and how nodes are reached. */
type Outside = { readonly database: Database; readonly connect: NodeLinks["connect"] };

/** Opens a client on a database that it takes over: disposing closes both. Throws as `openClient` does. */
export async function openClientOn(params: Omit<OpenClientParams, "directory"> & Outside): Promise<Client> {
  const { database, online = true } = params;
  const closing = new AbortController();
  const abort = (): void => closing.abort(params.signal?.reason);
  params.signal?.addEventListener("abort", abort, { once: true });
  let core: ClientCore | undefined;
  try {
    core = await openCore({ ...params, closing });
    if (online) await Promise.all([setUp(core), checkEndpoint(core)]);
  } catch (error) {
    closing.abort();
    if (core) await goOffline(core);
    await database[Symbol.asyncDispose]();
    throw error;
  }
  const opened = core;
  const client: Client = {
    inbox: opened.self.inbox,
    get installation() {
      return opened.self.installation.key;
    },
    [Symbol.asyncDispose]: async () => {
      params.signal?.removeEventListener("abort", abort);
      await closeClient(opened);
    },
  };
  bindCore(client, opened);
  closing.signal.addEventListener("abort", () => void closeClient(opened), { once: true });
  return client;
}

async function openCore(
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
    mirrors: checkMirrors(params.mirrors ?? 1),
    ...{ finalityBlocks, witnesses, events },
    rotation: params.rotation ?? defaultRotation,
    groups: new Map(groups.map((group) => [group.id, group])),
    ...(await loadDirectories(database)),
    certificates: new Map(),
    waiters: new Map(),
    welcomes: createSerialQueue(),
    joins: createSerialQueue(),
    registryReads: createSerialQueue(),
    quietTurns: createTurns(QUIET_AT_ONCE),
    joinsWakeup: createWakeup(),
    identityWakeup: createWakeup(),
    registryWakeup: createWakeup(),
    copyWakeup: createWakeup(),
    bucketWakeup: createWakeup(),
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

/** One at a time; what has failed meanwhile is looked after once more. */
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
  return {
    keyPackages: new Map(keyPackages.map((kept) => [kept.own.generation, kept])),
    preferences,
    inboxes,
  };
}

/** Tells the app what its own way to the chain lacks. */
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

/** One that does not answer may do so later; one of another chain is a mistake that the app should hear of at once. */
async function checkEndpoint({ ownRelay, closing }: CoreParts<"closing" | "ownRelay">): Promise<void> {
  const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ENDPOINT_PATIENCE_MS)]);
  try {
    await ownRelay?.check({ signal });
  } catch (error) {
    if (isWeftError(error, "wrong-chain")) throw error;
  }
}

/** Nodes that are just starting are waited for a little, unless they are not needed to register. */
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

/** The first time, a client that others can't invite yet is not ready. */
async function setUp(core: ClientCore): Promise<void> {
  goOnline(core);
  const untilMs = steadyMs() + 10_000;
  const isPublished = () => [...core.keyPackages.values()].some(({ publishedTo }) => publishedTo.length > 0);
  const isAnybodyKnown = () => core.links.bootstrap.length > 0 || core.links.nodes.size > 0;
  while (!isPublished() && isAnybodyKnown() && steadyMs() < untilMs && !core.closing.signal.aborted) {
    await waitMs({ ms: 20, signal: core.closing.signal });
  }
}

async function closeClient(core: ClientCore): Promise<void> {
  core.closing.abort();
  await core.recovery;
  await goOffline(core);
  for (const group of core.groups.values()) await group.queue.idle();
  await core.welcomes.idle();
  await core.joins.idle();
  await core.registryReads.idle();
  closeWaiters(core);
  await core.database[Symbol.asyncDispose]();
}
