import { steadyMs } from "../../clock/steadyMs.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import { isOver } from "../groups/isOver.ts";
import type { FeedPlan } from "./feedPlan.ts";
import { followNode } from "./followNode.ts";
import { nextRetryMs } from "./nodeLinks.ts";
import { nodesInUse, rankGroupNodes, rankOwnNodes } from "./rankGroupNodes.ts";
import { tryAgain } from "./tryAgain.ts";

type Feed = { readonly plan: string; readonly controller: AbortController; readonly done: Promise<void> };

/**
 * Keeps one feed open to each node that is in use: every conversation by way of its first node that answers, down the
 * ranking when that one fails and back when it is there again. Ends when the signal aborts.
 */
export async function superviseFeeds(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core, signal } = params;
  const feeds = new Map<NodeId, Feed>();
  while (!signal.aborted) {
    await tryAgain({ links: core.links, signal });
    const plans = await planFeeds(core);
    for (const [node, feed] of feeds) {
      const plan = plans.get(node);
      if (plan && nameOf(core, plan) === feed.plan && !feed.controller.signal.aborted) continue;
      feeds.delete(node);
      feed.controller.abort();
      await feed.done;
    }
    for (const [node, plan] of plans) {
      if (!feeds.has(node)) feeds.set(node, startFeed({ core, node, plan, signal }));
    }
    const timeoutMs = nextRetryMs(core.links, steadyMs());
    await core.feedsWakeup.wait({
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs: timeoutMs + 10 }),
    });
  }
  for (const feed of feeds.values()) feed.controller.abort();
  await Promise.all([...feeds.values()].map(({ done }) => done));
}

/** Which node serves what. */
async function planFeeds(core: ClientCore): Promise<Map<NodeId, FeedPlan>> {
  const plans = new Map<NodeId, { groups: GroupId[]; mirrored: GroupId[]; own: boolean }>();
  const planOf = (node: NodeId) => {
    const plan = plans.get(node) ?? { groups: [], mirrored: [], own: false };
    plans.set(node, plan);
    return plan;
  };
  for (const node of nodesInUse(core, rankOwnNodes(core))) planOf(node).own = true;
  for (const group of core.groups.values()) {
    if (isOver({ group, finalityBlocks: core.finalityBlocks })) continue;
    const [first, ...mirrors] = nodesInUse(core, await rankGroupNodes({ core, group: group.id }));
    if (first) planOf(first).groups.push(group.id);
    for (const node of mirrors) planOf(node).mirrored.push(group.id);
  }
  return plans;
}

function startFeed(params: { core: ClientCore; node: NodeId; plan: FeedPlan; signal: AbortSignal }): Feed {
  const { core, node, plan } = params;
  const controller = new AbortController();
  const signal = AbortSignal.any([params.signal, controller.signal]);
  const done = followNode({ core, node, plan, signal }).finally(() => {
    controller.abort();
    for (const id of plan.groups) {
      const group = core.groups.get(id);
      if (group?.caughtUpBy === node) group.caughtUpBy = undefined;
      if (group?.topicReadBy === node) group.topicReadBy = undefined;
    }
    if (plan.own && core.bucketReadBy === node) core.bucketReadBy = undefined;
    core.feedsWakeup.wake();
  });
  return { plan: nameOf(core, plan), controller, done };
}

/** A topic that is read anew takes another feed. */
function nameOf(core: ClientCore, { groups, mirrored, own }: FeedPlan): string {
  const startsOf = (ids: readonly GroupId[]): string => {
    const starts = ids.toSorted().map((id) => {
      const group = core.groups.get(id);
      return `${id} ${group?.view.record.start.head} ${group?.topicReadings}`;
    });
    return starts.join("/");
  };
  return `${own}/${startsOf(groups)}/${startsOf(mirrored)}`;
}
