import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import type { GroupId, NodeId } from "../../wire/ids.ts";
import type { ClientCore, CoreParts } from "../group/core.ts";
import { nextRetryMs, nodesToTry } from "../nodes/nodeLinks.ts";
import { tryAgain, tryNode } from "../nodes/tryAgain.ts";
import { type AssignedFeed, assignFeeds } from "./assignFeeds.ts";
import { followNode } from "./followNode.ts";
import { planFeeds, type Serving } from "./planFeeds.ts";

type Feed = AssignedFeed & {
  readonly node: NodeId;
  readonly controller: AbortController;
  readonly done: Promise<void>;
};

type Params = { core: ClientCore; signal: AbortSignal };

/** How long a node has to show that it answers before the next one is used in its place. */
const NEXT_NODE_MS = 250;
/** The wait between two plans for each group that the client has: a plan looks at all of them. */
const MS_PER_GROUP = 0.02;

/**
 * Keeps feeds open to each node that is in use: every conversation by way of its first node that is up, down the
 * ranking when that one fails and back when it is there again. Ends when the signal aborts.
 */
export async function superviseFeeds(params: Params): Promise<void> {
  const { core, signal } = params;
  const feeds = new Set<Feed>();
  const trying = openTrials(params);
  try {
    while (!signal.aborted) {
      trying.start();
      for (const feed of feeds) if (feed.controller.signal.aborted) feeds.delete(feed);
      const first = await planFeeds({ core, serving: servingOf(feeds) });
      const isNews = await trying.prove(first.toProve);
      const { plans } = isNews ? await planFeeds({ core, serving: servingOf(feeds) }) : first;
      await assign({ ...params, feeds, plans });
      await waitMs({ ms: core.groups.size * MS_PER_GROUP, signal });
      const timeoutMs = nextRetryMs(core.links, steadyMs());
      await core.feedsWakeup.wait({
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs: timeoutMs + 10 }),
      });
      trying.throwIfFailed();
    }
  } finally {
    for (const feed of feeds) feed.controller.abort();
    await Promise.all([...feeds].map(({ done }) => done));
    await trying.ended();
  }
}

async function assign(
  params: Params & { feeds: Set<Feed>; plans: Awaited<ReturnType<typeof planFeeds>>["plans"] },
): Promise<void> {
  const { core, signal, feeds, plans } = params;
  const none = { groups: [], mirrored: [], own: false };
  const byNode = Map.groupBy(feeds, ({ node }) => node);
  const keyOf = (id: GroupId): string => keyOfGroup(core, id);
  const assigned = [...new Set([...byNode.keys(), ...plans.keys()])].map((node) => ({
    node,
    ...assignFeeds({ plan: plans.get(node) ?? none, feeds: byNode.get(node) ?? [], keyOf }),
  }));
  const ended = assigned.flatMap((one) => one.ended);
  for (const feed of ended) {
    feeds.delete(feed);
    feed.controller.abort();
  }
  await Promise.all(ended.map(({ done }) => done));
  for (const { node, started } of assigned) {
    for (const one of started) feeds.add(startFeed({ core, node, ...one, signal }));
  }
}

function servingOf(feeds: ReadonlySet<Feed>): Serving {
  const running = [...feeds];
  return {
    own: running.flatMap(({ node, plan }) => (plan.own ? [node] : [])),
    groups: new Map(
      running.flatMap(({ node, plan }) => plan.groups.map((id): [GroupId, NodeId] => [id, node])),
    ),
  };
}

function startFeed(params: Params & AssignedFeed & { node: NodeId }): Feed {
  const { core, node, plan, keys } = params;
  const controller = new AbortController();
  const signal = AbortSignal.any([params.signal, controller.signal]);
  const done = followNode({ core, node, plan, signal }).finally(() => {
    controller.abort();
    if (plan.own && core.bucketReadBy === node) core.bucketReadBy = undefined;
    for (const id of plan.groups) {
      const group = core.groups.get(id);
      if (group?.caughtUpBy === node) group.caughtUpBy = undefined;
      if (group?.topicReadBy === node) group.topicReadBy = undefined;
    }
    if (plan.own && core.bucketReadBy === node) core.bucketReadBy = undefined;
    core.feedsWakeup.wake();
  });
  return { node, plan, keys, controller, done };
}

/** Names a group as it is read at present: a topic that is read anew gets another name, and so another feed. */
function keyOfGroup(core: CoreParts<"groups">, id: GroupId): string {
  const group = core.groups.get(id);
  return `${id} ${group?.view.record.start.head} ${group?.topicReadings}`;
}

/** Tries nodes while feeds run: no feed waits for a node that may not answer. */
function openTrials({ core, signal }: Params) {
  const { links } = core;
  const running = new Set<Promise<void>>();
  let fault: { error: unknown } | undefined;
  const run = (trial: Promise<void>): void => {
    const ending = trial
      .catch((error: unknown) => {
        fault = { error };
      })
      .finally(() => {
        running.delete(ending);
        core.feedsWakeup.wake();
      });
    running.add(ending);
  };
  return {
    start: (): void => {
      const isDue = nodesToTry(links, steadyMs()).some((node) => !links.trying.has(node));
      if (isDue) run(tryAgain({ links, signal }));
    },
    /** Tries these nodes and waits a moment for what they say; false: nothing was to be tried. */
    prove: async (nodes: ReadonlySet<NodeId>): Promise<boolean> => {
      const untried = [...nodes].filter((node) => !links.trying.has(node));
      if (untried.length === 0) return false;
      const trials = untried.map((node) => tryNode({ links, node, signal }));
      for (const trial of trials) run(trial);
      const over = new AbortController();
      const waited = waitMs({ ms: NEXT_NODE_MS, signal: AbortSignal.any([signal, over.signal]) });
      await Promise.race([Promise.allSettled(trials), waited]);
      over.abort();
      return true;
    },
    throwIfFailed: (): void => {
      if (fault && !signal.aborted) throw fault.error;
    },
    ended: async (): Promise<void> => {
      await Promise.all(running);
    },
  };
}
