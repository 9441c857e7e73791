import { waitMs } from "../clock/waitMs.ts";
import { isWeftError, WeftError } from "../errors.ts";
import type { NodeApi } from "../rpc/nodeApi.ts";
import type { NodeId } from "../wire/ids.ts";
import { welcomeTopic } from "../wire/topic.ts";
import { nodesInUse, rankGroupNodes, rankOwnNodes } from "./asking/rankGroupNodes.ts";
import { type Client, coreOf } from "./client.ts";
import { readOn } from "./entries/receivePage.ts";
import type { TopicReadings } from "./group/claim.ts";
import type { ClientCore } from "./group/core.ts";
import type { Group } from "./group/group.ts";
import { readRegistry } from "./identity/readRegistry.ts";
import { joinPending } from "./joining/joinGroups.ts";
import type { FeedPlan } from "./links/feedPlan.ts";
import { positionsOf, readingsOf, receivePage } from "./links/followTopics.ts";
import { reachHead } from "./links/reachHead.ts";
import { apiOf } from "./nodes/nodeLinks.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_ROUNDS = 8;

type Params = { core: ClientCore; signal: AbortSignal };

/**
 * Reads everything that this client's nodes had when it was called: Welcomes, entries, messages of all groups, also of
 * those that are joined on the way. It reads as the live streams do, so nothing is read twice. Resolves with false if
 * `timeoutMs` (30,000 unless told) ran out before, with true at once for a client that is offline.
 */
export async function catchUp(params: {
  client: Client;
  timeoutMs?: number;
  signal?: AbortSignal;
}): Promise<boolean> {
  const core = coreOf(params.client);
  const timeout = AbortSignal.timeout(params.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const signals = [timeout, core.closing.signal, ...(params.signal ? [params.signal] : [])];
  const signal = AbortSignal.any(signals);
  try {
    await pullAll({ core, signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

async function pullAll({ core, signal }: Params): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS && core.online; round++) {
    const before = core.groups.size;
    await pullOwn({ core, signal });
    await joinPending({ core, signal });
    for (const group of [...core.groups.values()]) await pullGroup({ core, signal, group });
    if (core.groups.size === before) break;
  }
  await pullRegistry({ core, signal });
}

/** Reads the registry last: a client that was revoked knows it when this is over. */
async function pullRegistry({ core, signal }: Params): Promise<void> {
  while (core.online) {
    signal.throwIfAborted();
    try {
      await core.registryReads.run(() => readRegistry({ core, signal }));
      return;
    } catch (error) {
      if (signal.aborted || !isWeftError(error)) throw error;
      await waitMs({ ms: 100, signal });
    }
  }
}

async function pullOwn({ core, signal }: Params): Promise<void> {
  await withFirst(
    { core, signal },
    async () => nodesInUse(core, rankOwnNodes(core, welcomeTopic(core.self.installation.key)))[0],
    async (api) => {
      await pullTopics({ core, api, signal, plan: { groups: [], mirrored: [], own: true } });
    },
  );
}

async function pullGroup(params: Params & { group: Group }): Promise<void> {
  const { core, signal, group } = params;
  if (group.view.record.status === "removed") return;
  const first = async () => nodesInUse(core, await rankGroupNodes({ core, group: group.id }))[0];
  await withFirst({ core, signal }, first, async (api, node) => {
    await pullEntries({ ...params, api, node });
    await pullTopics({ core, api, signal, plan: { groups: [group.id], mirrored: [], own: false } });
  });
}

/** Pulls by way of the first node, and tries again with the next one while it fails, as the feeds do. */
async function withFirst(
  { core, signal }: Params,
  choose: () => Promise<NodeId | undefined>,
  pull: (api: NodeApi, node: NodeId) => Promise<void>,
): Promise<void> {
  for (;;) {
    const node = await choose();
    const api = node && apiOf(core.links, node);
    try {
      signal.throwIfAborted();
      if (node && api) return await pull(api, node);
    } catch (error) {
      if (core.online === undefined) return;
      if (signal.aborted || !isWeftError(error)) throw error;
      core.logger.debug({ node, error }, "catching up tries again");
    }
    await waitMs({ ms: 100, signal });
  }
}

async function pullEntries(params: Params & { group: Group; api: NodeApi; node: NodeId }): Promise<void> {
  const { core, signal, group, api, node } = params;
  for (;;) {
    // Nobody tells of rollbacks between two readings.
    const reading = { inboxes: new Map() };
    const { head } = await api.getNode({}, { signal });
    if ((head?.number ?? 0) < group.processed.number) {
      throw new WeftError({ code: "not-ready", message: "the node is behind this client" });
    }
    const outcome = await readOn({ core, group, reading, api, node, signal });
    if (outcome !== "read") {
      throw new WeftError({ code: "not-ready", message: `the entries are not agreed on: ${outcome}` });
    }
    if (head && head.number > group.processed.number) group.processed = head;
    const isBack = await group.queue.run(() => reachHead({ core, group }));
    if (!isBack) return;
  }
}

async function pullTopics(params: Params & { api: NodeApi; plan: FeedPlan }): Promise<void> {
  const { core, api, plan, signal } = params;
  const { database } = await api.getNode({}, { signal });
  for (;;) {
    const { positions: topics, asked } = await positionsOf({ core, plan, database });
    const page = await api.query({ topics }, { signal });
    await receivePage({ core, api, page, asked, signal });
    if (!page.more && isSame(asked.readings, readingsOf({ core, plan }))) return;
  }
}

/** True if no topic was begun anew meanwhile: otherwise the page did not count. */
function isSame(before: TopicReadings, after: TopicReadings): boolean {
  return [...after].every(([group, reading]) => before.get(group) === reading);
}
