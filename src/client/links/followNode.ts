import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { type ErrorCode, isStorageFault, isWeftError, WeftError } from "../../errors.ts";
import type { NodeApi, NodeStatus } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";
import { takeNodeList } from "../directory/readDirectory.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import { apiOf, noteFailure, noteSuccess } from "../nodes/nodeLinks.ts";
import type { FeedPlan } from "./feedPlan.ts";
import { followGroups } from "./followGroups.ts";
import { followTopics } from "./followTopics.ts";

/** The wait after a fault of this machine, for which the node is not to blame. */
const OWN_FAULT_WAIT_MS = 500;
/** How long a node that is behind is waited for: nodes read the chain each at its own pace. */
const BEHIND_PATIENCE_MS = 2_000;
const BEHIND_POLL_MS = 50;

/**
 * Reads chain and topics by way of one node until it fails or the signal aborts; a failure is noted on the node, so
 * that others take over. Never throws.
 */
export async function followNode(params: {
  core: ClientCore;
  node: NodeId;
  plan: FeedPlan;
  signal: AbortSignal;
}): Promise<void> {
  const { core, node, plan, signal } = params;
  try {
    const api = apiOf(core.links, node);
    if (!api) throw new WeftError({ code: "no-node", message: `the node ${node} has no address` });
    const status = await readyNode({ core, plan, api, signal });
    await readBoth({ ...params, api, status });
  } catch (error) {
    if (signal.aborted) return;
    core.logger.warn({ node, err: error }, "left a node");
    tellGroups({ core, plan, fault: isWeftError(error) ? error.code : "internal" });
    if (isStorageFault(error)) core.onStorageFault(error);
    if (isWeftError(error, "wrong-shard")) await readAnew({ core, node, signal });
    if (isStorageFault(error) || !isWeftError(error)) await waitMs({ ms: OWN_FAULT_WAIT_MS, signal });
    else noteFailure(core.links, node, steadyMs(), error.retryAfterMs);
  }
}

/**
 * Asks for the list of nodes again: the registry may say by now that this node serves less than before. Never throws.
 */
async function readAnew(params: {
  core: CoreParts<"database" | "links" | "logger" | "witnesses">;
  node: NodeId;
  signal: AbortSignal;
}): Promise<void> {
  const { core, node, signal } = params;
  const { witnesses, database, links, logger } = core;
  const api = apiOf(links, node);
  if (!api) return;
  await takeNodeList({ witnesses, database, node, api, signal }).catch((error: unknown) => {
    logger.debug({ node, error }, "a node does not list the others");
  });
}

/** Notes why the groups of a plan are not read, for those who ask. */
function tellGroups(params: {
  core: CoreParts<"groups">;
  plan: FeedPlan;
  fault: ErrorCode | undefined;
}): void {
  const { core, plan, fault } = params;
  for (const id of plan.groups) {
    const group = core.groups.get(id);
    if (group) group.readFault = fault;
  }
}

/** Reads the chain first: what it orders is known before the messages that depend on it come. */
async function readBoth(params: {
  core: ClientCore;
  node: NodeId;
  plan: FeedPlan;
  api: NodeApi;
  status: NodeStatus;
  signal: AbortSignal;
}): Promise<void> {
  const { core, node, plan, api, status } = params;
  const controller = new AbortController();
  const signal = AbortSignal.any([params.signal, controller.signal]);
  const chainIsRead = Promise.withResolvers<void>();
  let isRead = false;
  const onCaughtUp = (): void => {
    // Only once, not with every head: what is noted on the node later, as that it is far behind, stays.
    if (!isRead) noteSuccess(core.links, node);
    if (!isRead) tellGroups({ core, plan, fault: undefined });
    isRead = true;
    chainIsRead.resolve();
  };
  if (plan.groups.length === 0) onCaughtUp();
  const feeds = [
    followGroups({ core, node, api, groups: plan.groups, signal, onCaughtUp }),
    chainIsRead.promise.then(() =>
      followTopics({ core, node, api, database: status.database, plan, signal }),
    ),
  ];
  try {
    await Promise.all(feeds);
  } finally {
    controller.abort();
    chainIsRead.reject(new WeftError({ code: "closed", message: "the feed ended" }));
    await Promise.allSettled(feeds);
  }
}

/**
 * Waits until a node has read the chain as far as this client has, since it would otherwise take the client back in
 * time. Throws `not-ready` if it stays behind.
 */
async function readyNode(params: {
  core: CoreParts<"groups">;
  plan: FeedPlan;
  api: NodeApi;
  signal: AbortSignal;
}): Promise<NodeStatus> {
  const { core, plan, api, signal } = params;
  const untilMs = steadyMs() + BEHIND_PATIENCE_MS;
  for (;;) {
    const status = await api.getNode({}, { signal });
    const groups = plan.groups.flatMap((id) => core.groups.get(id) ?? []);
    const isPast = (blocks: number[]) => (status.head?.number ?? 0) >= Math.max(0, ...blocks);
    if (status.ready && isPast(groups.map(({ processed }) => processed.number))) return status;
    if (!status.ready || steadyMs() > untilMs) {
      // A node that was left may have named blocks that no other node has to reach.
      if (status.ready && isPast(groups.map(({ agreed }) => agreed.number))) return status;
      throw new WeftError({ code: "not-ready", message: status.notReadyReason || "behind this client" });
    }
    await waitMs({ ms: BEHIND_POLL_MS, signal });
  }
}
