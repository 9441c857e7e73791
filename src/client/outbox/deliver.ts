import { type ErrorCode, isWeftError, WeftError } from "../../errors.ts";
import { MAX_ENVELOPES_PER_PUBLISH, MAX_HASHES_PER_CALL } from "../../rpc/limits.ts";
import type { NodeApi, PublishOutcome } from "../../rpc/nodeApi.ts";
import { envelopeBytes } from "../../wire/envelope.ts";
import type { NodeId } from "../../wire/ids.ts";
import { MAX_ENVELOPE_BYTES } from "../../wire/limits.ts";
import { parseTopic } from "../../wire/topic.ts";
import type { ClientCore } from "../core.ts";
import { successorsOf } from "../groups/branch.ts";
import { changeGroup, type GroupChange } from "../groups/changeGroup.ts";
import { readEpoch } from "../groups/epochStates.ts";
import { viewOf } from "../groups/epochView.ts";
import type { Group, Publication } from "../groups/group.ts";
import { isNodeFault } from "../links/askNodes.ts";
import { askWord } from "../links/askWord.ts";
import { rankWelcomeNodes } from "../links/lookUpNodes.ts";
import { activeNodes, apiOf, isLeft, isUp, noteFailure } from "../links/nodeLinks.ts";
import { noteActivity } from "../links/noteActivity.ts";
import { rankGroupNodes } from "../links/rankGroupNodes.ts";
import { addReceipts } from "../messages/addReceipts.ts";
import { inTime } from "../messages/inTime.ts";
import { verifyReceipts } from "../messages/verifyReceipts.ts";
import type { KnownNode } from "../tables.ts";
import { waitMs } from "../waitMs.ts";
import { type Delivery, deliveryStep, isSecond, publicationAfter } from "./deliveryStep.ts";
import { duePublications, firstStep } from "./duePublications.ts";
import { failed, type Intent, settled } from "./intent.ts";
import { progressAfter } from "./progressAfter.ts";
import { forgetRefusals, hasRefused, noteRefusal } from "./refusals.ts";

type Params = { core: ClientCore; group: Group; signal: AbortSignal };
type AtNode = Params & { node: NodeId; api: NodeApi; publications: readonly Publication[] };

const FAULT_WAIT_MS = 200;
/** Before a node is tried again that is not read by, and does not take anything either. */
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
      if (isWeftError(error, "storage")) core.onStorageFault();
      core.logger.warn({ group: group.id, err: error }, "delivery tries again");
      await group.deliveryWakeup.wait({ signal, timeoutMs: FAULT_WAIT_MS });
    }
  }
}

/** What is said in the group goes to the group's node; its Welcomes to another, which need not know the group. */
async function planStep({ core, group }: Params): Promise<Delivery> {
  const { publications } = group.view;
  if (publications.length === 0) return { kind: "idle" };
  const place = { core, group: group.id };
  const isPost = ({ record }: Publication) => parseTopic(record.envelope.topic).kind === "group";
  const posts = publications.filter(isPost);
  const others = publications.filter((one) => !isPost(one));
  const { due, nextMs } = duePublications({ publications: others, nowMs: Date.now() });
  return firstStep([
    stepOf({ core, group, publications: posts, ranked: await rankGroupNodes(place) }),
    stepOf({ core, group, publications: due, ranked: due.length > 0 ? await rankWelcomeNodes(place) : [] }),
    nextMs === undefined ? { kind: "idle" } : { kind: "wait", ms: nextMs },
  ]);
}

/** A node that this client does not read by may still hold envelopes for others: such nodes come last. */
function stepOf(params: {
  core: ClientCore;
  group: Group;
  publications: readonly Publication[];
  ranked: readonly KnownNode[];
}): Delivery {
  const { core, group, publications, ranked } = params;
  const { links } = core;
  const nowMs = Date.now();
  const nodes = ranked.map(({ node, operator }) => {
    const isLeftAlone = isLeft(links, node, nowMs);
    return { node, operator, isLeftAlone, isUp: isLeftAlone || isUp(links, node, nowMs) };
  });
  return deliveryStep({
    publications,
    ranked: [...nodes.filter((one) => !one.isLeftAlone), ...nodes.filter((one) => one.isLeftAlone)],
    mirrors: core.mirrors,
    hasRefused: ({ record: { hash } }, node) => hasRefused({ group, hash, node }),
    nowMs,
  });
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
  if (!api) return noteFailure(core.links, node, Date.now());
  try {
    await run({ ...params, api });
  } catch (error) {
    if (params.signal.aborted || !isNodeFault(error)) throw error;
    noteFailure(core.links, node, Date.now());
    core.feedsWakeup.wake();
    core.logger.warn({ node, err: error }, "a node failed to take envelopes");
    if (!isLeft(core.links, node, Date.now())) return;
    await params.group.deliveryWakeup.wait({ signal: params.signal, timeoutMs: LEFT_FAULT_WAIT_MS });
  }
}

async function publish(params: AtNode): Promise<void> {
  const { core, group, api, node, signal } = params;
  const batch = firstBytes(params.publications);
  const envelopes = batch.map(({ record }) => record.envelope);
  const outcomes = await api.publish({ envelopes }, { signal });
  await group.queue.run(async () => {
    for (const [i, { sequence, part, record }] of batch.entries()) {
      const outcome = outcomes[i];
      // As it is now: another node may have answered meanwhile.
      const publication = group.view.publications.find(
        (one) => one.sequence === sequence && one.part === part && one.record.hash === record.hash,
      );
      if (outcome && publication) await take({ ...params, publication, outcome });
    }
  });
  const refused = outcomes.find((one) => one.kind === "refused");
  if (refused?.kind !== "refused") return;
  core.logger.warn({ group: group.id, code: refused.code, node }, "an envelope was refused");
  await waitMs({ ms: FAULT_WAIT_MS, signal });
}

/** As many as one call takes. */
function firstBytes(publications: readonly Publication[]): Publication[] {
  let bytes = 0;
  const fitting = publications.slice(0, MAX_ENVELOPES_PER_PUBLISH).filter(({ record }, i) => {
    bytes += envelopeBytes(record.envelope);
    return i === 0 || bytes <= PUBLISH_BYTES;
  });
  return fitting;
}

/** What a node's answer means to one envelope and its intent. */
async function take(params: AtNode & { publication: Publication; outcome: PublishOutcome }): Promise<void> {
  const { core, group, publication, outcome } = params;
  const intent = group.view.intents.find(({ id }) => id === publication.record.intent);
  if (!intent) return await changeGroup({ core, group, change: { droppedPublications: [publication] } });
  if (outcome.kind === "refused") return await refuse({ ...params, intent, outcome });
  const { hash } = publication.record;
  const { nodes } = core.links;
  const receipts = verifyReceipts({ network: core.network, nodes, hash, receipts: [outcome.receipt] });
  const [time] = receipts;
  if (!time)
    throw new WeftError({ code: "malformed", message: `a receipt of ${params.node} does not verify` });
  const isFirst = publication.record.state === "pending";
  if (isFirst && intent.progress.kind === "sealed" && (await isLate({ ...params, intent, time }))) {
    return await sealAgain({ ...params, intent });
  }
  const { action } = intent;
  const also =
    action.kind === "send"
      ? await addReceipts({ core, group, message: action.message, envelope: hash, receipts })
      : {};
  forgetRefusals(group, hash);
  await record(params, await after({ ...params, node: time.log.node }), also);
}

/** Whose receipt it is counts, not who has handed it over: nodes show what others have signed. */
async function after(params: Params & { publication: Publication; node: NodeId }): Promise<Publication> {
  const { core, group, publication, node } = params;
  const ranked = await rankGroupNodes({ core, group: group.id });
  const first = publication.record.node;
  const isEnough = isOnlyNode(core) || (first !== undefined && isSecond({ ranked, first, node }));
  return publicationAfter({ publication, node, isEnough, nowMs: Date.now() });
}

/** Only what this client can tell itself ends a message; else the next node in rank gets the envelope. */
async function refuse(
  params: AtNode & { publication: Publication; intent: Intent; outcome: { code: ErrorCode } },
): Promise<void> {
  const { core, group, publication, intent, outcome, node } = params;
  if (intent.action.kind === "confirm") return await dropConfirmation(params, publication, intent);
  const { hash, envelope } = publication.record;
  if (publication.record.state === "pending") noteRefusal({ group, hash, node, code: outcome.code });
  if (outcome.code === "unknown-head" && (await isDead({ ...params, intent }))) {
    return await sealAgain({ ...params, intent });
  }
  if (envelopeBytes(envelope) <= MAX_ENVELOPE_BYTES) return;
  const change = { intents: [failed(intent, "too-large")], droppedPublications: [publication] };
  await changeGroup({ core, group, change });
}

/** The entry that it is about is there no more, or nobody needs it by now. */
async function dropConfirmation(
  { core, group }: Params,
  publication: Publication,
  intent: Intent,
): Promise<void> {
  const change = { intents: [settled(intent, { kind: "delivered" })], droppedPublications: [publication] };
  await changeGroup({ core, group, change });
}

/** True if another entry than the one that it was sealed to opened that epoch in the end. */
async function isDead(params: Params & { intent: Intent }): Promise<boolean> {
  const { core, group, intent } = params;
  if (intent.progress.kind !== "sealed") return false;
  const { head } = intent.progress;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  const number = epoch && viewOf(epoch.state).epoch;
  const adopted = group.view.branch.steps.find((step) => step.epoch === number);
  return adopted !== undefined && adopted.head !== head;
}

/** Judged as all others will: by the receipt and the chain. */
async function isLate(
  params: Params & { intent: Intent; time: Parameters<typeof inTime>[0]["receipt"] },
): Promise<boolean> {
  const { core, group, intent, time } = params;
  const { branch, record } = group.view;
  const head = intent.progress.kind === "sealed" ? intent.progress.head : record.head;
  const place = branch.places.get(head);
  if (place === undefined) return await isDead(params);
  const at = { database: core.database, group: group.id, cache: group.epochs };
  const epoch = await readEpoch({ ...at, head: record.head });
  if (!epoch) return false;
  const successors = successorsOf(branch, place);
  const limits = viewOf(epoch.state).context;
  return inTime({ receipt: time, successors, processed: group.processed, limits }) === "no";
}

/** Under the same message id, to the present epoch; the new sealing names what it replaces. */
async function sealAgain(params: AtNode & { publication: Publication; intent: Intent }): Promise<void> {
  const { core, group, publication, intent } = params;
  const replaces = [...intent.replaces, publication.record.hash];
  await changeGroup({
    core,
    group,
    change: {
      intents: [{ ...intent, replaces, progress: { kind: "queued" } }],
      droppedPublications: [publication],
    },
  });
}

async function lookFor(params: AtNode): Promise<void> {
  const { core, group, api, node, signal } = params;
  const asked = params.publications.slice(0, MAX_HASHES_PER_CALL);
  const hashes = asked.map(({ record }) => record.hash);
  const stored = await askWord({ core, api, node, hashes, signal });
  const there = asked.filter((_, i) => stored[i] === true);
  await group.queue.run(async () => {
    for (const publication of there.filter((one) => group.view.publications.includes(one))) {
      await record(params, await after({ ...params, publication }));
    }
  });
  if (there.length < asked.length) {
    await group.deliveryWakeup.wait({ signal, timeoutMs: waitFor(asked) });
  }
}

function isOnlyNode({ links }: ClientCore): boolean {
  return activeNodes(links).length < 2;
}

/** Gossip takes milliseconds; what it has lost comes by sync seconds later. */
function waitFor(asked: readonly Publication[]): number {
  const oldest = Math.min(...asked.map(({ record }) => record.acknowledgedAtMs));
  return Math.min(2_000, Math.max(20, (Date.now() - oldest) / 4));
}

/** Stores a publication's new state and what it means to its intent. */
async function record(
  { core, group }: Params,
  publication: Publication,
  also: GroupChange = {},
): Promise<void> {
  const others = group.view.publications.filter(
    ({ sequence, part }) => sequence === publication.sequence && part !== publication.part,
  );
  const intent = group.view.intents.find(({ id }) => id === publication.record.intent);
  const next = intent && progressAfter({ intent, publications: [...others, publication] });
  const isOver = next?.progress.kind === "settled";
  await changeGroup({
    core,
    group,
    change: {
      ...also,
      ...(next && next !== intent ? { intents: [next] } : {}),
      ...(isOver ? { droppedPublications: [...others, publication] } : { publications: [publication] }),
    },
  });
}
