import { isWeftError } from "../../errors.ts";
import { ownerOfLeaf } from "../../identity/credential.ts";
import { hasMessageKeys } from "../../mls/closeEpoch.ts";
import { openMessage } from "../../mls/openMessage.ts";
import type { StoredEnvelope } from "../../rpc/nodeApi.ts";
import type { Write } from "../../store/writeAtomic.ts";
import { type Envelope, envelopeHash } from "../../wire/envelope.ts";
import { decodeGroupEnvelope, type GroupEnvelope, verifyGroupEnvelope } from "../../wire/groupEnvelope.ts";
import type { EnvelopeHash } from "../../wire/ids.ts";
import type { Receipt } from "../../wire/receipt.ts";
import type { ClientCore } from "../core.ts";
import { placeOf } from "../groups/branch.ts";
import { changeGroup, type GroupChange } from "../groups/changeGroup.ts";
import { readEpoch, type StoredEpoch } from "../groups/epochStates.ts";
import { viewOf } from "../groups/epochView.ts";
import type { Group } from "../groups/group.ts";
import { type HeldRecord, tables } from "../tables.ts";
import { insertGap } from "../timeline/insertGap.ts";
import { insertMessage } from "../timeline/insertMessage.ts";
import { readOpened } from "../timeline/readOpened.ts";
import type { GapReason, Opening } from "../timeline/record.ts";
import { addReceipts } from "./addReceipts.ts";
import { fenceBlock, judgeFence } from "./fence.ts";
import { holdEnvelope } from "./holdEnvelope.ts";
import type { LateLimits, ReceiptTime } from "./inTime.ts";
import { judgeEnvelope } from "./judgeEnvelope.ts";
import { outcomeWrite } from "./judgeSenders.ts";
import type { Outcome, RejectReason } from "./outcome.ts";
import { readGaps, readReplacement, readSurroundings, timelineWrites } from "./timelineStore.ts";
import { verifyReceipts } from "./verifyReceipts.ts";

type Arrival = {
  readonly hash: EnvelopeHash;
  readonly envelope: Envelope;
  readonly receipts: readonly Receipt[];
};
type Params = { core: ClientCore; group: Group; arrival: Arrival };
type Decoded = Params & { decoded: GroupEnvelope };

/**
 * What came from a group's topic, one by one: state, plaintext and outcome change in one batch, and the last batch
 * carries the reader's new place, so that a crash neither loses nor repeats anything. To be called from within the
 * group's queue.
 */
export async function receiveEnvelopes(params: {
  core: ClientCore;
  group: Group;
  envelopes: readonly StoredEnvelope[];
  /** The new place in the topic. */
  position: readonly Write[];
}): Promise<void> {
  const { core, group, envelopes, position } = params;
  for (const [i, { envelope, receipts }] of envelopes.entries()) {
    const hash = envelopeHash(envelope);
    const known = await tables.outcome.get(core.database, { group: group.id, envelope: hash });
    const arrival = { hash, envelope, receipts };
    const change = known
      ? await addReceipts({ core, group, arrival, outcome: known.outcome })
      : await reconcile({ core, group, arrival });
    const writes = [...(change.writes ?? []), ...(i === envelopes.length - 1 ? position : [])];
    await changeGroup({ core, group, change: { ...change, writes } });
  }
}

/** Judges again what is held. */
export async function receiveHeld(params: {
  core: ClientCore;
  group: Group;
  held: HeldRecord;
  arrival: Arrival;
}): Promise<GroupChange> {
  return await reconcile(params);
}

/** The outcome of one envelope with all that it changes. */
async function reconcile(params: Params & { held?: HeldRecord }): Promise<GroupChange> {
  const decoded = decode(params.arrival.envelope);
  if (!decoded) return rejected(params, "malformed");
  return await judge({ ...params, decoded });
}

function decode({ payload }: Envelope): GroupEnvelope | undefined {
  try {
    return decodeGroupEnvelope(payload);
  } catch (error) {
    if (isWeftError(error)) return undefined;
    throw error;
  }
}

async function judge(params: Decoded & { held?: HeldRecord }): Promise<GroupChange> {
  const { core, group, arrival, decoded } = params;
  const { branch, entries } = group.view;
  const place = placeOf({ branch, entries, head: decoded.head });
  const authority = entries.get(decoded.head)?.authority;
  if (authority !== undefined) {
    const posted = verifyGroupEnvelope({
      network: core.network,
      group: group.id,
      envelope: decoded,
      authority,
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
      return params.held ? {} : holdEnvelope({ group, ...arrival, head: decoded.head });
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
  params: Decoded & { epoch: StoredEpoch; receipts: readonly ReceiptTime[] },
): Promise<GroupChange> {
  const { core, group, arrival, decoded, epoch } = params;
  const { head, privateMessage: message } = decoded;
  const opened = openAny(epoch, message);
  if (opened.kind === "refused") {
    if (opened.reason === "too-far-ahead") return await gap(params, "does-not-open");
    return rejected(params, opened.reason === "keys-gone" ? "replayed" : opened.reason);
  }
  const epochs = [{ head, epoch: opened.epoch, isNew: false }];
  const sender = ownerOfLeaf({ identity: opened.senderIdentity, signatureKey: opened.senderSignatureKey });
  if (!sender) return { ...rejected(params, "wrong-author"), epochs };
  const reading = readOpened({ plaintext: opened.plaintext, group: group.id, sender });
  if (reading.kind === "refused") return { ...rejected(params, reading.reason), epochs };
  const number = viewOf(epoch.state).epoch;
  const place = { database: core.database, group: group.id };
  const found = await readSurroundings({ ...place, message: reading });
  const gaps = await readGaps({ ...place, envelopes: [...reading.replaces, arrival.hash] });
  const anchorBlock = Math.min(...params.receipts.map((receipt) => receipt.anchorBlock));
  const inbox = core.inboxes.get(sender.inbox)?.inbox;
  const fence = fenceBlock({ branch: group.view.branch, head, sender, inbox });
  const verdict = judgeFence({ fence, anchorBlock });
  const opening: Opening = { epoch: number, entry: head, envelope: arrival.hash, anchorBlock, verdict };
  const changes = insertMessage({ message: reading, opening, found: { ...found, gaps } });
  const { writes, events } = timelineWrites({ group: group.id, changes });
  return { epochs, events, writes: [outcomeWrite({ group, record: reading, opening }), ...writes] };
}

function openAny(epoch: StoredEpoch, message: Uint8Array) {
  if (epoch.kind === "open") {
    const opened = openMessage({ state: epoch.state, message });
    if (opened.kind === "refused") return opened;
    return { ...opened, epoch: { kind: "open", state: opened.newState } satisfies StoredEpoch };
  }
  const opened = openMessage({ state: epoch.state, message });
  if (opened.kind === "refused") return opened;
  const { closedAtMs } = epoch;
  return { ...opened, epoch: { kind: "closed", state: opened.newState, closedAtMs } satisfies StoredEpoch };
}

async function gap(params: Decoded, reason: GapReason): Promise<GroupChange> {
  const { core, group, arrival, decoded } = params;
  const { branch } = group.view;
  const epoch = branch.steps[branch.places.get(decoded.head) ?? -1]?.epoch ?? 0;
  const atMs = Math.min(...arrival.receipts.map(({ header }) => header.timeMs), Date.now());
  const replacedBy = await readReplacement({
    database: core.database,
    group: group.id,
    envelope: arrival.hash,
  });
  const changes = insertGap({
    gap: { kind: "gap", envelope: arrival.hash, epoch, entry: decoded.head, reason, atMs },
    replacedBy,
  });
  const { writes, events } = timelineWrites({ group: group.id, changes });
  const outcome = withOutcome(params, { kind: "gap", epoch, reason });
  return { ...outcome, events, writes: [...(outcome.writes ?? []), ...writes] };
}

function rejected(params: Params, reason: RejectReason): GroupChange {
  const { core, group, arrival } = params;
  core.logger.debug({ group: group.id, envelope: arrival.hash, reason }, "rejected an envelope");
  return withOutcome(params, { kind: "rejected", reason });
}

function withOutcome({ group, arrival }: Params, outcome: Outcome): GroupChange {
  const record = { outcome, receivedAtMs: Date.now() };
  return { writes: [tables.outcome.put({ group: group.id, envelope: arrival.hash }, record)] };
}

/** They stand in the group context of the head. */
async function lateLimits({ core, group }: Params): Promise<LateLimits> {
  const { head } = group.view.record;
  const epoch = await readEpoch({ database: core.database, group: group.id, cache: group.epochs, head });
  return epoch ? viewOf(epoch.state).context : { lateCommits: 0, lateSeconds: 0 };
}
