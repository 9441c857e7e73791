import { waitMs } from "../clock/waitMs.ts";
import { isWeftError } from "../errors.ts";
import { readDirectory } from "./directory/readDirectory.ts";
import type { ClientCore, CoreParts, Online } from "./group/core.ts";
import { awaitCopy } from "./identity/awaitCopy.ts";
import { checkKeyPackage } from "./identity/checkKeyPackage.ts";
import { keepKeyPackage } from "./identity/keepKeyPackage.ts";
import { keepRegistered } from "./identity/keepRegistered.ts";
import { keepRegistry } from "./identity/keepRegistry.ts";
import { joinGroups } from "./joining/joinGroups.ts";
import { keepOwnRoom } from "./keepOwnRoom.ts";
import { keepReadReceipts } from "./keepReadReceipts.ts";
import { keepComparingOwn } from "./links/keepComparing.ts";
import { superviseFeeds } from "./links/superviseFeeds.ts";
import { unservedShards } from "./links/unservedShards.ts";
import { closeConnections } from "./nodes/nodeLinks.ts";
import { runTask } from "./runTask.ts";
import { startGroupLoops } from "./startGroupLoops.ts";

const DIRECTORY_PERIOD_MS = 30_000;
/** The period while nobody confirms what the lists say, or no node serves something of this client's. */
const OPEN_PERIOD_MS = 5_000;
const RETRY_MS = 1_000;
/** How often a registration that is not final yet is looked for. */
const REGISTRATION_PERIOD_MS = 2_000;

/** Starts everything that talks to nodes. */
export function goOnline(core: ClientCore): void {
  if (core.online) return;
  const online: Online = {
    ...{ controller: new AbortController(), tasks: new Set(), loopsOf: new Set(), lastStartMs: undefined },
    startLoops: (group) => startGroupLoops({ core, group, online }),
  };
  const { signal } = online.controller;
  core.online = online;
  runTask({ core, online, name: "directory", task: () => keepDirectory({ core, signal }) });
  runTask({ core, online, name: "feeds", task: () => superviseFeeds({ core, signal }) });
  runTask({ core, online, name: "joins", task: () => joinGroups({ core, signal }) });
  runTask({ core, online, name: "key packages", task: () => keepKeyPackages({ core, signal }) });
  runTask({ core, online, name: "registry", task: () => keepRegistry({ core, signal }) });
  runTask({ core, online, name: "copy", task: () => awaitCopy({ core, signal }) });
  runTask({ core, online, name: "bucket", task: () => keepComparingOwn({ core, signal }) });
  const receipts = core.readReceipts;
  if (receipts) {
    const task = () => keepReadReceipts({ core, receipts, signal });
    runTask({ core, online, name: "read receipts", task });
  }
  if (core.hasOwnRoom) {
    runTask({ core, online, name: "own room", task: () => keepOwnRoom({ core, signal }) });
  }
  for (const group of core.groups.values()) online.startLoops(group);
}

/**
 * Stops everything that talks to nodes and waits until it has stopped, whoever stopped it; the outbox and the database
 * live on.
 */
export async function goOffline(core: ClientCore): Promise<void> {
  const { online } = core;
  if (!online) return await core.ending;
  core.online = undefined;
  const ending = Promise.all([core.ending, endTasks(core, online)]).then(() => {
    if (core.ending === ending) core.ending = undefined;
  });
  core.ending = ending;
  await ending;
}

async function endTasks(core: ClientCore, online: Online): Promise<void> {
  online.controller.abort();
  await closeConnections(core.links);
  await Promise.all(online.tasks);
  if (core.online) return;
  for (const group of core.groups.values()) {
    group.caughtUpBy = undefined;
    group.topicReadBy = undefined;
  }
  core.bucketReadBy = undefined;
}

async function keepDirectory(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "self" | "witnesses">;
  signal: AbortSignal;
}): Promise<void> {
  const { core, signal } = params;
  const { witnesses, database, network } = core;
  while (!signal.aborted) {
    let ms = DIRECTORY_PERIOD_MS;
    try {
      const taken = await readDirectory({ witnesses, database, network, signal });
      if (taken === "open" || unservedShards(core).length > 0) ms = OPEN_PERIOD_MS;
    } catch (error) {
      if (signal.aborted) return;
      if (isWeftError(error, "wrong-chain")) throw error;
      ms = RETRY_MS;
    }
    await waitMs({ ms, signal });
  }
}

async function keepKeyPackages(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core, signal } = params;
  while (!signal.aborted) {
    const isFinal = await keepRegistered({ core, signal }).catch((error: unknown) => {
      if (!signal.aborted) core.logger.warn({ error }, "the registration is looked for again");
      return false;
    });
    const isKept = await keepKeyPackage({ core, signal }).catch((error: unknown) => {
      if (!signal.aborted) core.logger.warn({ error }, "the key package is not published yet");
      return false;
    });
    if (isKept) await checkKeyPackage({ core, signal }).catch(() => undefined);
    const timeoutMs = isKept && isFinal ? DIRECTORY_PERIOD_MS : isKept ? REGISTRATION_PERIOD_MS : RETRY_MS;
    await core.identityWakeup.wait({ signal, timeoutMs });
  }
}
