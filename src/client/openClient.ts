import type { Wallet } from "../chain/wallet.ts";
import { isWeftError } from "../errors.ts";
import { connectNode } from "../rpc/connectNode.ts";
import { valuesOf } from "../store/client/table.ts";
import { type Database, openDatabase } from "../store/openDatabase.ts";
import { type GroupId, type InboxId, type NodeId, toHex } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import { becomeAnew } from "./becomeAnew.ts";
import { bindCore, type Client } from "./client.ts";
import type { ClientCore, ClientLogger } from "./core.ts";
import { createEventFeed } from "./events.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import { loadGroups } from "./groups/loadGroups.ts";
import { openIdentity } from "./identity/openIdentity.ts";
import { closeConnections, createNodeLinks, type NodeLinks } from "./links/nodeLinks.ts";
import { readDirectory } from "./links/readDirectory.ts";
import { closeWaiters } from "./outbox/waiters.ts";
import { recoverStorage } from "./recoverStorage.ts";
import { createSerialQueue } from "./serialQueue.ts";
import { type InboxSnapshot, tables } from "./tables.ts";
import { defaultRotation, type Rotation } from "./upkeep/rotation.ts";
import { waitMs } from "./waitMs.ts";
import { createWakeup } from "./wakeup.ts";

export type OpenClientParams = {
  /** Of the database; the name of an IndexedDB in browsers. */
  readonly directory: string;
  readonly wallet: Wallet;
  /** HTTP addresses of nodes to start from. */
  readonly nodes: readonly string[];
  readonly network: Network;
  /** False: stay cut off until `setOnline`. Only a client that was set up before can be opened so. */
  readonly online?: boolean;
  /** Blocks on top of one that make it final. */
  readonly finalityBlocks?: number;
  /** When this client renews its keys in each group by itself; `defaultRotation` unless told. */
  readonly rotation?: Rotation | "off";
  readonly logger?: ClientLogger;
  readonly signal?: AbortSignal;
};

const DEFAULT_FINALITY_BLOCKS = 64;
const SETUP_RETRY_MS = 200;
const silent: ClientLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Opens this installation's database and, the first time, sets it up: an inbox on chain and a key package on the
 * nodes. Afterwards it opens without a network, too. Throws `no-node`, `old-network`, `wrong-network`,
 * `wrong-chain`, `storage`, `bad-config`.
 */
export async function openClient(params: OpenClientParams): Promise<Client> {
  const { directory, network } = params;
  const database = await openDatabase({ path: directory, kind: "client", network });
  return await openClientOn({ ...params, database, connect: connectNode });
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
    if (online) await setUp(core);
  } catch (error) {
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
    nodes: await valuesOf(tables.knownNode.rows(database)),
    onChange: feedsWakeup.wake,
  });
  const { signal } = closing;
  const self = await openIdentity({
    ...{ database, network, links, wallet, signal },
    findNodes: () => findNodes({ ...params, links, signal }),
  }).finally(() => (params.online === false ? closeConnections(links) : undefined));
  const { groups, nextSequence } = await loadGroups(database);
  const core: ClientCore = {
    ...{ database, network, wallet, self, links, logger, feedsWakeup, closing, nextSequence },
    finalityBlocks: params.finalityBlocks ?? DEFAULT_FINALITY_BLOCKS,
    rotation: params.rotation ?? defaultRotation,
    groups: new Map(groups.map((group) => [group.id, group])),
    ...(await loadDirectories(database)),
    certificates: new Map(),
    waiters: new Map(),
    events: createEventFeed(),
    welcomes: createSerialQueue(),
    joins: createSerialQueue(),
    registryReads: createSerialQueue(),
    joinsWakeup: createWakeup(),
    identityWakeup: createWakeup(),
    registryWakeup: createWakeup(),
    copyWakeup: createWakeup(),
    copy: await tables.copy.get(database, {}),
    rollbacks: 0,
    changes: 0,
    online: undefined,
    onStorageFault: () => {
      recoveries.set(core, recoveries.get(core) ?? recoverOnce(core));
    },
    onCopied: () => {
      recoveries.set(core, recoveries.get(core) ?? startOver(core));
    },
  };
  return core;
}

/** Of clients whose database is being opened again. */
const recoveries = new WeakMap<ClientCore, Promise<void>>();

async function startOver(core: ClientCore): Promise<void> {
  await becomeAnew(core);
  recoveries.delete(core);
}

async function recoverOnce(core: ClientCore): Promise<void> {
  await recoverStorage(core);
  recoveries.delete(core);
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

/** Nodes that are just starting are waited for a little. */
async function findNodes(
  params: Pick<OpenClientParams, "network"> & { links: NodeLinks; database: Database; signal: AbortSignal },
) {
  const untilMs = Date.now() + 10_000;
  for (;;) {
    try {
      return await readDirectory(params);
    } catch (error) {
      if (!isWeftError(error, "no-node") || Date.now() > untilMs || params.signal.aborted) throw error;
      await waitMs({ ms: SETUP_RETRY_MS, signal: params.signal });
    }
  }
}

/** The first time, a client that others can't invite yet is not ready. */
async function setUp(core: ClientCore): Promise<void> {
  goOnline(core);
  const untilMs = Date.now() + 10_000;
  const isPublished = () => [...core.keyPackages.values()].some(({ publishedTo }) => publishedTo.length > 0);
  while (!isPublished() && Date.now() < untilMs && !core.closing.signal.aborted) {
    await waitMs({ ms: 20, signal: core.closing.signal });
  }
}

async function closeClient(core: ClientCore): Promise<void> {
  core.closing.abort();
  await recoveries.get(core);
  await goOffline(core);
  for (const group of core.groups.values()) await group.queue.idle();
  await core.welcomes.idle();
  await core.joins.idle();
  await core.registryReads.idle();
  closeWaiters(core);
  await core.database[Symbol.asyncDispose]();
}
