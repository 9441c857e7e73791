import { waitMs } from "../../clock/waitMs.ts";
import { isStorageFault } from "../../errors.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { NodeId } from "../../wire/ids.ts";
import { groupTopic, welcomeTopic } from "../../wire/topic.ts";
import { rankGroupNodes, rankOwnNodes } from "../asking/rankGroupNodes.ts";
import type { ClientCore } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { isQuiet, quietMs } from "../group/manyGroups.ts";
import type { Wakeup } from "../timing/wakeup.ts";
import { type CheckKind, checkTopic } from "./checkTopic.ts";

/** The time between two comparisons while nothing else asks for one. */
const PERIOD_MS = 60_000;
/** The time between two comparisons while the serving node has less than the other one. */
const BEHIND_PERIOD_MS = 10_000;
const RETRY_MS = 10_000;
/**
 * The least time between two comparisons, however often a topic's node changes or a conversation begins to be active
 * again.
 */
const LEAST_GAP_MS = 5_000;
/** By how many of its rests (see `quietMs`) a client with many groups waits longer before it compares a group again. */
const RESTS = 10;

/**
 * Compares a group's topic with what another node has of it: whenever a node has served all of it for the first time,
 * when the conversation is active again after a while, and every minute. Ends when the signal aborts.
 */
export async function keepComparing(params: {
  core: ClientCore;
  group: Group;
  signal: AbortSignal;
}): Promise<void> {
  const { core, group } = params;
  await keepAsking({
    ...params,
    topic: groupTopic(group.id),
    wakeup: group.topicWakeup,
    restMs: () => (isQuiet(group) ? RESTS * quietMs(core) : 0),
    rank: () => rankGroupNodes({ core, group: group.id }),
  });
}

/** Compares the bucket of this installation's Welcomes as `keepComparing` compares a group's topic. */
export async function keepComparingOwn(params: { core: ClientCore; signal: AbortSignal }): Promise<void> {
  const { core } = params;
  const topic = welcomeTopic(core.self.installation.key);
  await keepAsking({
    ...params,
    topic,
    wakeup: core.bucketWakeup,
    restMs: () => 0,
    rank: async () => rankOwnNodes(core, topic),
  });
}

async function keepAsking(params: {
  core: ClientCore;
  topic: Uint8Array;
  wakeup: Wakeup;
  rank: () => Promise<readonly KnownNode[]>;
  /** How much longer the topic may be left alone. */
  restMs: () => number;
  signal: AbortSignal;
}): Promise<void> {
  const { core, topic, wakeup, rank, restMs, signal } = params;
  const lacking = new Set<NodeId>();
  while (!signal.aborted) {
    let periodMs = RETRY_MS;
    try {
      const check = async () => await checkTopic({ core, topic, ranked: await rank(), lacking, signal });
      const { kind, witness } = await (restMs() > 0 ? core.quietTurns.run(check) : check());
      periodMs = periodAfter({ kind, wasLacking: witness !== undefined && lacking.has(witness) });
      if (witness && kind === "lacks") lacking.add(witness);
      if (witness && kind === "agrees") lacking.delete(witness);
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      core.logger.warn({ err: error }, "a topic is compared again");
    }
    await waitMs({ ms: LEAST_GAP_MS, signal });
    await wakeup.wait({ signal, timeoutMs: periodMs + restMs() - LEAST_GAP_MS });
  }
}

/**
 * Gives the time until the next comparison: soon after a node that lacks something, since there may be another to ask;
 * once every node is found to lack something, there is no hurry.
 */
function periodAfter({ kind, wasLacking }: { kind: CheckKind; wasLacking: boolean }): number {
  if (kind === "behind") return BEHIND_PERIOD_MS;
  return kind === "not-told" || (kind === "lacks" && !wasLacking) ? RETRY_MS : PERIOD_MS;
}
