import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { isWeftError } from "../errors.ts";
import { checkProxy } from "../net/checkProxy.ts";
import { connectNode } from "../rpc/connectNode.ts";
import { openDatabase } from "../store/openDatabase.ts";
import { bindCore, type Client } from "./client.ts";
import type { OpenClientParams, Outside } from "./clientParams.ts";
import { goOffline, goOnline } from "./goOnline.ts";
import type { ClientCore, CoreParts } from "./group/core.ts";
import { closeWaiters } from "./group/waiters.ts";
import { keepExpiring } from "./keepExpiring.ts";
import type { NodeLinks } from "./nodes/nodeLinks.ts";
import { openCore } from "./openCore.ts";

/** How long opening waits for the word that the app's endpoint is of this network. */
const ENDPOINT_PATIENCE_MS = 3_000;

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
  const expiring = keepExpiring(opened);
  const client: Client = {
    inbox: opened.self.inbox,
    get installation() {
      return opened.self.installation.key;
    },
    [Symbol.asyncDispose]: async () => {
      params.signal?.removeEventListener("abort", abort);
      await closeClient(opened, expiring);
    },
  };
  bindCore(client, opened);
  closing.signal.addEventListener("abort", () => void closeClient(opened, expiring), { once: true });
  return client;
}

/**
 * Checks the app's endpoint: one that does not answer may do so later; one of another chain is a mistake that the app
 * should hear of at once.
 */
async function checkEndpoint({ ownRelay, closing }: CoreParts<"closing" | "ownRelay">): Promise<void> {
  const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(ENDPOINT_PATIENCE_MS)]);
  try {
    await ownRelay?.check({ signal });
  } catch (error) {
    if (isWeftError(error, "wrong-chain")) throw error;
  }
}

/**
 * Goes online and, the first time, waits until the key package is published: a client that others can't invite yet is
 * not ready.
 */
async function setUp(core: ClientCore): Promise<void> {
  goOnline(core);
  const untilMs = steadyMs() + 10_000;
  const isPublished = () => [...core.keyPackages.values()].some(({ publishedTo }) => publishedTo.length > 0);
  const isAnybodyKnown = () => core.links.bootstrap.length > 0 || core.links.nodes.size > 0;
  while (!isPublished() && isAnybodyKnown() && steadyMs() < untilMs && !core.closing.signal.aborted) {
    await waitMs({ ms: 20, signal: core.closing.signal });
  }
}

/** `expiring`: the task that ends when the client closes. */
async function closeClient(core: ClientCore, expiring: Promise<void>): Promise<void> {
  core.closing.abort();
  await core.recovery;
  await Promise.all([expiring, goOffline(core)]);
  for (const group of core.groups.values()) await group.queue.idle();
  await core.welcomes.idle();
  await core.directs.idle();
  await core.joins.idle();
  await core.registryReads.idle();
  await core.notes.idle();
  closeWaiters(core);
  await core.database[Symbol.asyncDispose]();
}
