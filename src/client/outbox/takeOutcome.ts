import { steadyMs } from "../../clock/steadyMs.ts";
import { type ErrorCode, WeftError } from "../../errors.ts";
import { successorsOf } from "../../reconciler/branch/branch.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import { isSecond, publicationAfter } from "../../reconciler/intents/deliveryStep.ts";
import { progressAfter } from "../../reconciler/intents/progressAfter.ts";
import { inTime } from "../../reconciler/messages/inTime.ts";
import { verifyReceipts } from "../../reconciler/messages/verifyReceipts.ts";
import { failed, type Intent, settled } from "../../reconciler/records/intent.ts";
import type { Heard } from "../../reconciler/records/records.ts";
import type { Publication } from "../../reconciler/view/viewOfGroup.ts";
import type { PublishOutcome } from "../../rpc/nodeApi.ts";
import { envelopeBytes } from "../../wire/envelope.ts";
import type { EntryId, InboxId, NodeId } from "../../wire/ids.ts";
import { MAX_ENVELOPE_BYTES } from "../../wire/limits.ts";
import { parseTopic } from "../../wire/topic.ts";
import { rankWelcomeNodes } from "../asking/lookUpNodes.ts";
import { nodesOfTopic, servingTopic } from "../asking/nodesOfTopic.ts";
import { rankGroupNodes } from "../asking/rankGroupNodes.ts";
import { readEpoch } from "../database/epochStates.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { addReceipts } from "../messages/addReceipts.ts";
import { forgetRefusals, hasRefused, noteRefusal } from "./refusals.ts";
import { owesWelcome } from "./welcomeIntent.ts";

type Params = {
  core: ChangingCore & CoreParts<"finalityBlocks" | "groups" | "inboxes" | "network" | "preferences">;
  group: Group;
};
type OfNode = Params & { node: NodeId; publication: Publication };

/**
 * Takes a node's answer about one envelope: what it means to the envelope and its intent. Throws `malformed` for a
 * receipt that does not verify. Call it from within the group's queue.
 */
export async function takeOutcome(params: OfNode & { outcome: PublishOutcome }): Promise<void> {
  const { core, group, publication, outcome } = params;
  const intent = group.view.intents.find(({ id }) => id === publication.record.intent);
  if (!intent) return await changeGroup({ core, group, change: { droppedPublications: [publication] } });
  if (outcome.kind === "refused") return await refuse({ ...params, intent, outcome });
  const { hash, envelope } = publication.record;
  const by = { network: core.network, nodes: core.links.nodes };
  const receipts = verifyReceipts({ ...by, envelope, hash, receipts: [outcome.receipt] });
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

/** Takes a node's signed word that it has the envelope. Call it from within the group's queue. */
export async function keepWord(params: OfNode): Promise<void> {
  await record(params, await after(params));
}

/**
 * Computes a publication after a node's word. What counts is whose receipt it is, not which node has handed it over:
 * nodes show what others have signed.
 */
async function after(params: OfNode): Promise<Publication> {
  const { core, group, publication, node } = params;
  const place = { core, group: group.id };
  const { topic } = publication.record.envelope;
  const isPost = parseTopic(topic).kind === "group";
  const nodes = isPost ? await rankGroupNodes(place) : await rankWelcomeNodes(place);
  const ranked = servingTopic({ network: core.network, nodes, topic });
  const first = publication.record.node;
  const isOnlyNode = nodesOfTopic(core, topic).length < 2;
  const isEnough = isOnlyNode || (first !== undefined && isSecond({ ranked, first, node }));
  return publicationAfter({ publication, node, isEnough, nowMs: steadyMs() });
}

/**
 * Takes a refusal. Only what this client can tell itself ends a message; otherwise the next node in rank gets the
 * envelope.
 */
async function refuse(params: OfNode & { intent: Intent; outcome: { code: ErrorCode } }): Promise<void> {
  const { core, group, publication, intent, outcome, node } = params;
  const { hash, envelope } = publication.record;
  if (publication.record.state === "pending") noteRefusal({ group, hash, node, code: outcome.code });
  if (intent.action.kind === "confirm") {
    if (hasRefused({ group, hash, node })) await dropConfirmation(params, intent, intent.action.entry);
    return;
  }
  if (outcome.code === "unknown-head" && (await isDead({ ...params, intent }))) {
    return await sealAgain({ ...params, intent });
  }
  if (envelopeBytes(envelope) <= MAX_ENVELOPE_BYTES) return;
  const change = { intents: [failed(intent, "too-large")], droppedPublications: [publication] };
  await changeGroup({ core, group, change });
}

/**
 * Drops a confirmation that a node goes on refusing: it was sealed to an epoch that is gone. If it is still owed, it is
 * made anew.
 */
async function dropConfirmation(params: OfNode, intent: Intent, entry: EntryId): Promise<void> {
  const { core, group, publication } = params;
  const { record } = group.view;
  const intents = [settled(intent, { kind: "delivered" })];
  const { heard } = record;
  const isOwed = heard?.since === entry && group.view.branch.places.has(entry);
  await changeGroup({
    core,
    group,
    change: {
      ...{ intents, droppedPublications: [publication] },
      ...(isOwed ? { record: { ...record, heard: unconfirmed(heard, params.core.self.inbox) } } : {}),
    },
  });
}

function unconfirmed({ since, by, own }: Heard, self: InboxId): Heard {
  return { since, by: by.filter((inbox) => inbox !== self), own: Math.max(0, own - 1) };
}

/** True if the epoch that a message was sealed to is gone, and another entry was adopted in its place. */
async function isDead(params: Params & { intent: Intent }): Promise<boolean> {
  const { core, group, intent } = params;
  if (intent.progress.kind !== "sealed") return false;
  const { head } = intent.progress;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  const number = epoch && viewOf(epoch.state).epoch;
  const adopted = group.view.branch.steps.find((step) => step.epoch === number);
  return adopted !== undefined && adopted.head !== head;
}

/** True if a message came too late, as all others will judge it: by the receipt and the chain. */
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

/** Has a message sealed again under the same id, to the present epoch; the new sealing names what it replaces. */
async function sealAgain(params: OfNode & { intent: Intent }): Promise<void> {
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
  const owes = intent !== undefined && owesWelcome(group, intent);
  const next = intent && progressAfter({ intent, publications: [...others, publication], owesWelcome: owes });
  const isOver = next?.progress.kind === "settled";
  const change: GroupChange = {
    ...(next && next !== intent ? { intents: [next] } : {}),
    ...(isOver ? { droppedPublications: [...others, publication] } : { publications: [publication] }),
  };
  await changeGroup({ core, group, change: mergeChanges(also, change) });
}
