import { wallMs } from "../../clock/wallMs.ts";
import { isWeftError } from "../../errors.ts";
import { ownerOfLeaf } from "../../identity/credential.ts";
import { hasMessageKeys } from "../../mls/closeEpoch.ts";
import { openMessage } from "../../mls/openMessage.ts";
import { placeOf } from "../../reconciler/branch/branch.ts";
import { viewOf } from "../../reconciler/branch/epochView.ts";
import type { HeadPlace } from "../../reconciler/branch/headPlace.ts";
import { heardRecord } from "../../reconciler/branch/unheard.ts";
import { withoutHeld } from "../../reconciler/messages/held.ts";
import type { LateLimits } from "../../reconciler/messages/inTime.ts";
import { judgeEnvelope } from "../../reconciler/messages/judgeEnvelope.ts";
import { keepTaken } from "../../reconciler/messages/keepTaken.ts";
import { type VerifiedReceipt, verifyReceipts } from "../../reconciler/messages/verifyReceipts.ts";
import type { Member } from "../../reconciler/policy/roleOf.ts";
import { isFinal, type Outcome, type RejectReason } from "../../reconciler/records/outcome.ts";
import type { GapReason, Opening } from "../../reconciler/records/timelineRecord.ts";
import { expiryOf } from "../../reconciler/timeline/expiry.ts";
import { insertGap } from "../../reconciler/timeline/insertGap.ts";
import { readOpened } from "../../reconciler/timeline/readOpened.ts";
import type { StoredEnvelope } from "../../rpc/nodeApi.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { readDisappearing } from "../../wire/disappearing.ts";
import { type Envelope, envelopeHash } from "../../wire/envelope.ts";
import { decodeGroupEnvelope, type GroupEnvelope, verifyGroupEnvelope } from "../../wire/groupEnvelope.ts";
import type { EnvelopeHash } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import { readEpoch, type StoredEpoch } from "../database/epochStates.ts";
import { type CopyEvidence, tables } from "../database/tables.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { networkMs, shownMs } from "../nodes/chainTime.ts";
import { addReceipts, epochBeganMs } from "./addReceipts.ts";
import { holdEnvelope } from "./holdEnvelope.ts";
import { judgeOpening } from "./judgeRecord.ts";
import { showMessage } from "./showMessage.ts";
import { readReplacement, timelineWrites } from "./timelineStore.ts";

type Arrival = {
  readonly hash: EnvelopeHash;
  readonly envelope: Envelope;
  readonly receipts: readonly Receipt[];
};
type Params = {
  core: CoreParts<
    | "certificates"
    | "database"
    | "finalityBlocks"
    | "groups"
    | "inboxes"
    | "links"
    | "logger"
    | "network"
    | "self"
  >;
  group: Group;
  arrival: Arrival;
};
type Decoded = Params & { decoded: GroupEnvelope };

const UNKNOWN: HeadPlace = { kind: "unknown" };

/**
 * Takes in what came from a group's topic, one envelope after the other: state, plaintext and outcome change in one
 * batch, and the last batch carries the reader's new place, so that a crash neither loses nor repeats anything. Call it
 * from within the group's queue.
 */
export async function receiveEnvelopes(params: {
  core: ChangingCore & CoreParts<"certificates" | "finalityBlocks" | "groups" | "inboxes" | "network">;
  group: Group;
  envelopes: readonly StoredEnvelope[];
  /** The new place in the topic. */
  position: readonly Write[];
}): Promise<void> {
  const { core, group, envelopes, position } = params;
  for (const [i, { envelope, receipts }] of envelopes.entries()) {
    const hash = envelopeHash(envelope);
    const known = await finalOutcome({ core, group, hash });
    const arrival = { hash, envelope, receipts };
    const change = known
      ? await comeAgain({ core, group, arrival, outcome: known.outcome })
      : await reconcile({ core, group, arrival });
    const writes = i === envelopes.length - 1 ? position : [];
    await changeGroup({ core, group, change: mergeChanges(change, { writes }) });
  }
}

async function finalOutcome(params: { core: CoreParts<"database">; group: Group; hash: EnvelopeHash }) {
  const { core, group, hash: envelope } = params;
  const known = await tables.outcome.get(core.database, { group: group.id, envelope });
  return known && isFinal(known.outcome) ? known : undefined;
}

/** Takes in a known envelope that has come again, with the receipt of another node. */
async function comeAgain(params: Params & { outcome: Outcome }): Promise<GroupChange> {
  const { core, group, arrival, outcome } = params;
  if (!("message" in outcome)) return {};
  const { network, links } = core;
  const receipts = verifyReceipts({ network, nodes: links.nodes, ...arrival });
  return await addReceipts({ core, group, message: outcome.message, envelope: arrival.hash, receipts });
}

/** Judges a held envelope again; `isOver`: its head will not come. */
export async function receiveHeld(params: Params & { isOver: boolean }): Promise<GroupChange> {
  if (!params.isOver) return await reconcile(params);
  return released({ ...params, change: rejected(params, "unknown-head") });
}

/** Computes the outcome of one envelope with all that it changes. */
async function reconcile(params: Params): Promise<GroupChange> {
  const decoded = decode(params.arrival.envelope);
  if (!decoded) return rejected(params, "malformed");
  return released({ ...params, change: await judge({ ...params, decoded }) });
}

/** Lets go of a held envelope that has an outcome now. */
function released(params: Params & { change: GroupChange }): GroupChange {
  const { group, arrival, change } = params;
  const { held } = group.view;
  const row = held.rows.get(arrival.hash);
  if (!row || change.held || !change.writes) return change;
  const gone = tables.held.del({ group: group.id, arrival: row.arrival });
  return mergeChanges(change, {
    held: withoutHeld({ held, hash: arrival.hash, row }),
    writes: [gone],
  });
}

function decode({ payload }: Envelope): GroupEnvelope | undefined {
  try {
    return decodeGroupEnvelope(payload);
  } catch (error) {
    if (isWeftError(error)) return undefined;
    throw error;
  }
}

async function judge(params: Decoded): Promise<GroupChange> {
  const { core, group, arrival, decoded } = params;
  const { branch, entries } = group.view;
  const { head } = decoded;
  const authority = entries.get(head)?.authority;
  // Without the authority nobody can tell a member's post: a client that is still joining has not read its own head
  // either.
  const place = authority === undefined ? UNKNOWN : placeOf({ branch, entries, head });
  if (authority !== undefined) {
    const posted = verifyGroupEnvelope({
      network: core.network,
      group: group.id,
      envelope: decoded,
      authority,
      known: core.certificates,
    });
    if (posted !== "valid") return rejected(params, posted);
  }
  const epoch = await readEpoch({
    database: core.database,
    group: group.id,
    cache: group.epochs,
    head: decoded.head,
  });
  const { nodes } = core.links;
  const receipts = verifyReceipts({ network: core.network, nodes, ...arrival });
  const limits = await lateLimits(params);
  const judgement = judgeEnvelope({
    ...{ place, receipts, limits, processed: group.processed },
    hasKeys: epoch !== undefined && hasMessageKeys(epoch.state),
  });
  switch (judgement.kind) {
    case "hold":
      return await holdEnvelope({ core, group, ...arrival, head });
    case "rejected":
      return rejected(params, judgement.reason);
    case "before-start":
      return withOutcome(params, { kind: "before-start" });
    case "gap":
      return await gap(params, judgement.reason);
    case "open":
      return epoch ? await open({ ...params, epoch, receipts }) : await gap(params, "keys-gone");
  }
}

async function open(
  params: Decoded & { epoch: StoredEpoch; receipts: readonly VerifiedReceipt[] },
): Promise<GroupChange> {
  const { core, group, arrival, decoded, epoch } = params;
  const { head, privateMessage: message } = decoded;
  const first = openAny(epoch, message);
  const byCopy = first.kind === "refused" && first.reason === "sealed-by-a-copy";
  const opened = byCopy ? openAny(epoch, message, byCopy) : first;
  const isNews = byCopy && group.view.record.isFormer !== true;
  const copy: CopyEvidence | undefined = isNews
    ? { kind: "message", group: group.id, envelope: arrival.hash }
    : undefined;
  if (opened.kind === "refused") {
    if (opened.reason === "too-far-ahead") return await gap(params, "does-not-open");
    return rejected(params, opened.reason === "keys-gone" ? "replayed" : opened.reason);
  }
  const next = { copy, epochs: [{ head, epoch: opened.epoch, isNew: false }] };
  const sender = ownerOfLeaf({ identity: opened.senderIdentity, signatureKey: opened.senderSignatureKey });
  if (!sender) return mergeChanges(next, rejected(params, "wrong-author"));
  const { epoch: number, context } = viewOf(epoch.state);
  const { version } = context;
  const reading = readOpened({ plaintext: opened.plaintext, group: group.id, sender, version });
  if (reading.kind === "refused") return mergeChanges(next, rejected(params, reading.reason));
  if (reading.kind === "confirmation") {
    const outcome = withOutcome(params, { kind: "confirmation", epoch: number });
    return mergeChanges(next, heard(params, sender, true), outcome);
  }
  const { branch } = group.view;
  const taken = keepTaken(params.receipts);
  const sealing: Opening = { epoch: number, entry: head, envelope: arrival.hash, taken, verdict: "counts" };
  const { opening, open } = await judgeOpening({ core, branch, sender, opening: sealing });
  const expiry = expiryOf({
    ...{ seconds: readDisappearing(context.extra) ?? 0, receipts: params.receipts },
    ...{ epochBeganMs: epochBeganMs(group, head), nowMs: networkMs(core.links) },
  });
  const isAwaited = open.length > 0;
  const shown = await showMessage({ core, group, message: reading, opening, expiry, isAwaited });
  const news = opening.verdict === "counts" ? heard(params, sender) : {};
  return mergeChanges(next, news, shown);
}

/** Computes what changes when a member was heard, for clients that wait for that. */
function heard(
  { core, group, decoded }: Decoded,
  { inbox }: Member,
  isConfirmation = false,
): Pick<GroupChange, "record"> {
  const { record, branch } = group.view;
  const { head } = decoded;
  const after = heardRecord({ record, branch, inbox, head, self: core.self.inbox, isConfirmation });
  return after ? { record: after } : {};
}

function openAny(epoch: StoredEpoch, message: Uint8Array, byCopy = false) {
  if (epoch.kind === "open") {
    const opened = openMessage({ state: epoch.state, message, byCopy });
    if (opened.kind === "refused") return opened;
    return { ...opened, epoch: { kind: "open", state: opened.newState } satisfies StoredEpoch };
  }
  const opened = openMessage({ state: epoch.state, message, byCopy });
  if (opened.kind === "refused") return opened;
  const { closedAtMs } = epoch;
  return { ...opened, epoch: { kind: "closed", state: opened.newState, closedAtMs } satisfies StoredEpoch };
}

async function gap(params: Decoded, reason: GapReason): Promise<GroupChange> {
  const { core, group, arrival, decoded } = params;
  const { branch } = group.view;
  const epoch = branch.steps[branch.places.get(decoded.head) ?? -1]?.epoch ?? 0;
  const atMs = Math.min(...arrival.receipts.map(({ header }) => header.timeMs), shownMs(core.links));
  const replacedBy = await readReplacement({
    database: core.database,
    group: group.id,
    envelope: arrival.hash,
  });
  const changes = insertGap({
    gap: { kind: "gap", envelope: arrival.hash, epoch, entry: decoded.head, reason, atMs },
    replacedBy,
  });
  const outcome = withOutcome(params, { kind: "gap", epoch, reason });
  return mergeChanges(outcome, timelineWrites({ group: group.id, changes }));
}

function rejected(params: Params, reason: RejectReason): GroupChange {
  const { core, group, arrival } = params;
  core.logger.debug({ group: group.id, envelope: arrival.hash, reason }, "rejected an envelope");
  return withOutcome(params, { kind: "rejected", reason });
}

function withOutcome({ group, arrival }: Params, outcome: Outcome): GroupChange {
  const record = { outcome, receivedAtMs: wallMs() };
  return { writes: [tables.outcome.put({ group: group.id, envelope: arrival.hash }, record)] };
}

/** Reads how late messages may come: that stands in the group context of the head. */
async function lateLimits({ core, group }: Params): Promise<LateLimits> {
  const { head } = group.view.record;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  return epoch ? viewOf(epoch.state).context : { lateCommits: 0, lateSeconds: 0 };
}
