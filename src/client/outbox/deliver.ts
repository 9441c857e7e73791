import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { isStorageFault, isWeftError } from "../../errors.ts";
import { type Delivery, deliveryStep } from "../../reconciler/intents/deliveryStep.ts";
import { duePublications, firstStep } from "../../reconciler/intents/duePublications.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import { MAX_ENVELOPES_PER_PUBLISH, MAX_HASHES_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import { envelopeBytes } from "../../wire/envelope.ts";
import { type NodeId, toHex } from "../../wire/ids.ts";
import { shardOfTopic } from "../../wire/shards.ts";
import { parseTopic } from "../../wire/topic.ts";
import { askWord } from "../asking/askWord.ts";
import { rankWelcomeNodes } from "../asking/lookUpNodes.ts";
import { servingTopic } from "../asking/nodesOfTopic.ts";
import { rankGroupNodes } from "../asking/rankGroupNodes.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { noteActivity } from "../links/noteActivity.ts";
import { isNodeFault } from "../nodes/askNodes.ts";
import { apiOf, isLeft, isUp, noteFailure } from "../nodes/nodeLinks.ts";
import { type Errand, noteWait, waitLeftMs } from "../nodes/waits.ts";
import { forgetRefusals, hasRefused } from "./refusals.ts";
import { keepWord, takeOutcome } from "./takeOutcome.ts";

type Params = {
  core: ChangingCore &
    CoreParts<"finalityBlocks" | "groups" | "inboxes" | "mirrors" | "network" | "preferences">;
  group: Group;
  signal: AbortSignal;
};
type AtNode = Params & { node: NodeId; api: NodeApi; publications: readonly Publication[] };

const FAULT_WAIT_MS = 200;
/** The wait before a node is tried again that this client does not read by, and that takes nothing either. */
const LEFT_FAULT_WAIT_MS = 1_000;
const PUBLISH_BYTES = 512 * 1024;

/** Brings sealed bytes to nodes until they are delivered. Ends when the signal aborts. */
export async function deliver(params: Params): Promise<void> {
  const { core, group, signal } = params;
  while (!signal.aborted) {
    try {
      const step = await planStep(params);
      if (step.kind === "wait") await group.deliveryWakeup.wait({ signal, timeoutMs: step.ms });
      else if (step.kind === "idle") await group.deliveryWakeup.wait({ signal });
      else await carryOut({ ...params, step });
    } catch (error) {
      if (signal.aborted) return;
      if (isStorageFault(error)) core.onStorageFault(error);
      core.logger.warn({ group: group.id, err: error }, "delivery tries again");
      await group.deliveryWakeup.wait({ signal, timeoutMs: FAULT_WAIT_MS });
    }
  }
}

/**
 * Plans the next step: what is said in the group goes to the group's node; its Welcomes go to another node, which need
 * not know the group, in each shard that they are in.
 */
async function planStep({ core, group }: Params): Promise<Delivery> {
  const { publications } = group.view;
  if (publications.length === 0) return { kind: "idle" };
  const place = { core, group: group.id };
  const isPost = ({ record }: Publication) => parseTopic(record.envelope.topic).kind === "group";
  const posts = publications.filter(isPost);
  const others = publications.filter((one) => !isPost(one));
  const { due, nextMs } = duePublications({ publications: others, nowMs: steadyMs() });
  const nodes = due.length > 0 ? await rankWelcomeNodes(place) : [];
  const { network } = core;
  const shardOf = ({ record }: Publication) =>
    shardOfTopic({ topic: record.envelope.topic, shards: network.shards });
  const dueByShard = [...Map.groupBy(due, shardOf).values()].map((publications) => {
    const topic = publications[0]?.record.envelope.topic ?? new Uint8Array();
    return stepOf({ core, group, publications, ranked: servingTopic({ network, nodes, topic }) });
  });
  return firstStep([
    stepOf({ core, group, publications: posts, ranked: await rankGroupNodes(place) }),
    ...dueByShard,
    nextMs === undefined ? { kind: "idle" } : { kind: "wait", ms: nextMs },
  ]);
}

/**
 * Plans the next step for some envelopes. Nodes that this client does not read by may still hold them for others: such
 * nodes come last.
 */
function stepOf(params: {
  core: CoreParts<"links" | "mirrors">;
  group: Group;
  publications: readonly Publication[];
  ranked: readonly KnownNode[];
}): Delivery {
  const { core, group, publications, ranked } = params;
  const { links } = core;
  const nowMs = steadyMs();
  const nodes = ranked.map(({ node, operator }) => {
    const isLeftAlone = isLeft(links, node, nowMs);
    return { node, operator, isLeftAlone, isUp: isLeftAlone || isUp(links, node, nowMs) };
  });
  forgetWhereAllRefused({ group, publications, nodes: nodes.filter((one) => one.isUp) });
  return deliveryStep({
    publications,
    ranked: [...nodes.filter((one) => !one.isLeftAlone), ...nodes.filter((one) => one.isLeftAlone)],
    mirrors: core.mirrors,
    hasRefused: ({ record: { hash } }, node) => hasRefused({ group, hash, node }),
    isToWait: (publication, node) => waitLeftMs(links.waits, { node, errand: errandOf(publication) }) > 0,
    nowMs,
  });
}

/** What a node has room for, or not: envelopes of one topic. */
function errandOf({ record }: Publication): Errand {
  return `publish ${toHex(record.envelope.topic)}`;
}

/**
 * Forgets the refusals of an envelope that all nodes have refused: they get it in turn again, and not only the first of
 * them, since another one may know by now what it lacked.
 */
function forgetWhereAllRefused(params: {
  group: Group;
  publications: readonly Publication[];
  nodes: readonly { readonly node: NodeId }[];
}): void {
  const { group, publications, nodes } = params;
  for (const { record } of publications) {
    const { hash } = record;
    if (nodes.every(({ node }) => hasRefused({ group, hash, node }))) forgetRefusals(group, hash);
  }
}

async function carryOut(
  params: Params & { step: Exclude<Delivery, { kind: "wait" | "idle" }> },
): Promise<void> {
  const { step } = params;
  const { publications } = step;
  if (step.kind === "look-for")
    return await withNode({ ...params, node: step.node, publications, run: lookFor });
  noteActivity(params.group);
  await Promise.all(step.nodes.map((node) => withNode({ ...params, node, publications, run: publish })));
}

async function withNode(
  params: Omit<AtNode, "api"> & { run: (params: AtNode) => Promise<void> },
): Promise<void> {
  const { core, node, run } = params;
  const api = apiOf(core.links, node);
  if (!api) return noteFailure(core.links, node, steadyMs());
  try {
    await run({ ...params, api });
  } catch (error) {
    if (params.signal.aborted || !isNodeFault(error)) throw error;
    noteFailure(core.links, node, steadyMs(), isWeftError(error) ? error.retryAfterMs : 0);
    core.feedsWakeup.wake();
    core.logger.warn({ node, err: error }, "a node failed to take envelopes");
    if (!isLeft(core.links, node, steadyMs())) return;
    await params.group.deliveryWakeup.wait({ signal: params.signal, timeoutMs: LEFT_FAULT_WAIT_MS });
  }
}

async function publish(params: AtNode): Promise<void> {
  const { core, group, api, node, signal } = params;
  const batch = firstBytes(params.publications);
  const envelopes = batch.map(({ record }) => record.envelope);
  const outcomes = await api.publish({ envelopes }, { signal });
  for (const [i, publication] of batch.entries()) {
    const outcome = outcomes[i];
    if (outcome?.kind === "refused")
      noteWait(core.links.waits, { node, errand: errandOf(publication), ...outcome });
  }
  await group.queue.run(async () => {
    for (const [i, { sequence, part, record }] of batch.entries()) {
      const outcome = outcomes[i];
      // As it is now: another node may have answered meanwhile.
      const publication = group.view.publications.find(
        (one) => one.sequence === sequence && one.part === part && one.record.hash === record.hash,
      );
      if (outcome && publication) await takeOutcome({ ...params, publication, outcome });
    }
  });
  const refused = outcomes.find((one) => one.kind === "refused");
  if (refused?.kind !== "refused") return;
  core.logger.warn({ group: group.id, code: refused.code, node }, "an envelope was refused");
  await waitMs({ ms: FAULT_WAIT_MS, signal });
}

/** Takes the first publications, as many as one call takes. */
function firstBytes(publications: readonly Publication[]): Publication[] {
  let bytes = 0;
  const fitting = publications.slice(0, MAX_ENVELOPES_PER_PUBLISH).filter(({ record }, i) => {
    bytes += envelopeBytes(record.envelope);
    return i === 0 || bytes <= PUBLISH_BYTES;
  });
  return fitting;
}

async function lookFor(params: AtNode): Promise<void> {
  const { core, group, api, node, signal } = params;
  const asked = params.publications.slice(0, MAX_HASHES_PER_CALL);
  const hashes = asked.map(({ record }) => record.hash);
  const stored = await askWord({ core, api, node, hashes, signal });
  const there = asked.filter((_, i) => stored[i] === true);
  await group.queue.run(async () => {
    for (const publication of there.filter((one) => group.view.publications.includes(one))) {
      await keepWord({ ...params, publication });
    }
  });
  if (there.length < asked.length) {
    await group.deliveryWakeup.wait({ signal, timeoutMs: waitFor(asked) });
  }
}

/** Says how long to wait: gossip takes milliseconds, and what it has lost comes by sync seconds later. */
function waitFor(asked: readonly Publication[]): number {
  const oldest = Math.min(...asked.map(({ record }) => record.acknowledgedAtMs));
  return Math.min(2_000, Math.max(20, (steadyMs() - oldest) / 4));
}
