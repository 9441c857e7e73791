import { sealMessage } from "../../mls/sealMessage.ts";
import { postingCredentialOf } from "../../reconciler/branch/epochSecrets.ts";
import { inboxesOf, viewOf } from "../../reconciler/branch/epochView.ts";
import { type Action, failed, type Intent } from "../../reconciler/records/intent.ts";
import type { PublicationRecord } from "../../reconciler/records/records.ts";
import type { Opening } from "../../reconciler/records/timelineRecord.ts";
import { expiryOf } from "../../reconciler/timeline/expiry.ts";
import { stepToSealTo } from "../../reconciler/view/stepToSealTo.ts";
import { writeApplicationMessage } from "../../wire/applicationMessage.ts";
import { readDisappearing } from "../../wire/disappearing.ts";
import { type Envelope, envelopeHash } from "../../wire/envelope.ts";
import { buildGroupEnvelope } from "../../wire/groupEnvelope.ts";
import { type EntryId, fromHex } from "../../wire/ids.ts";
import { PARTS_VERSION } from "../../wire/limits.ts";
import { padmeLength } from "../../wire/padme.ts";
import { requireState } from "../database/epochStates.ts";
import { changeGroup, type GroupChange } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { mergeChanges } from "../group/mergeChanges.ts";
import { isDeleted, isSuperseded } from "../messages/relationStore.ts";
import { showMessage } from "../messages/showMessage.ts";
import { networkMs } from "../nodes/chainTime.ts";

/**
 * Seals a message to the present epoch. Ratchet, bytes and intent are on disk together before a byte leaves, so a crash
 * neither loses the message nor uses a key twice. Call it from within the group's queue.
 */
export async function sealIntent(params: {
  core: ChangingCore & CoreParts<"network">;
  group: Group;
  intent: Intent;
}): Promise<void> {
  const { core, group, intent } = params;
  if (intent.action.kind !== "send" || intent.progress.kind !== "queued") return;
  const change = await sealed({ ...params, action: intent.action });
  await changeGroup({ core, group, change: mergeChanges(change, { sync: true }) });
}

async function sealed(params: {
  core: CoreParts<"database" | "links" | "network" | "self">;
  group: Group;
  intent: Intent;
  action: Action & { kind: "send" };
}): Promise<GroupChange> {
  const { core, group, intent, action } = params;
  if (action.content.installation !== core.self.installation.key)
    return { intents: [failed(intent, "copied")] };
  const step = stepToSealTo(group.view);
  if (!step) return {};
  const { epoch } = step;
  const head = step.head as EntryId;
  const place = { database: core.database, group: group.id, cache: group.epochs };
  const state = await requireState({ ...place, head });
  const members = inboxesOf(viewOf(state));
  const { content, message: id } = action;
  if (viewOf(state).context.version < PARTS_VERSION && content.version !== 1)
    return { intents: [failed(intent, "older-version")] };
  if (intent.audience && !members.every((inbox) => intent.audience?.includes(inbox))) {
    return { intents: [failed(intent, "audience-changed")] };
  }
  // Deletions do not reach later epochs: what was deleted in one that vanished must not come up again in another.
  if (await isDeleted({ ...place, id, content })) return { intents: [failed(intent, "deleted")] };
  if (intent.replaces.length > 0 && (await isSuperseded({ ...place, id, content })))
    return { intents: [failed(intent, "superseded")] };
  const message = { content, replaces: intent.replaces, id };
  const plaintext = writeApplicationMessage(message);
  const { key, privateKey } = core.self.installation;
  const { newState, message: privateMessage } = sealMessage({
    ...{ state, plaintext, authenticatedData: new Uint8Array(0) },
    signatureKey: { publicKey: fromHex(key), privateKey },
    padding: padmeLength(plaintext.length) - plaintext.length,
  });
  const posting = postingCredentialOf({ network: core.network, group: group.id, head, state });
  const envelope = buildGroupEnvelope({ network: core.network, group: group.id, posting, privateMessage });
  const hash = envelopeHash(envelope);
  // The author sees a message in the epoch that it was last sealed to.
  const opening: Opening = { epoch, entry: head, envelope: hash, verdict: "counts" };
  const seconds = readDisappearing(viewOf(state).context.extra) ?? 0;
  const nowMs = networkMs(core.links);
  const expiry = expiryOf({ seconds, epochBeganMs: 0, receipts: [], nowMs });
  const shown = await showMessage({ core, group, message, opening, expiry, isAwaited: false });
  return mergeChanges(shown, {
    intents: [{ ...intent, progress: { kind: "sealed", head, envelope: hash }, audience: members }],
    epochs: [{ head, epoch: { kind: "open", state: newState }, isNew: false }],
    publications: [publicationOf({ group, intent, envelope })],
  });
}

function publicationOf(params: { group: Group; intent: Intent; envelope: Envelope }) {
  const { group, intent, envelope } = params;
  const record: PublicationRecord = {
    ...{ intent: intent.id, group: group.id, envelope, hash: envelopeHash(envelope) },
    ...{ state: "pending", node: undefined, acknowledgedAtMs: 0 },
  };
  return { sequence: intent.sequence, part: intent.replaces.length, record };
}
