import { wallMs } from "../../clock/wallMs.ts";
import { sealMessage } from "../../mls/sealMessage.ts";
import { postingCredentialOf } from "../../reconciler/branch/epochSecrets.ts";
import { heardSince, isHearingOwed } from "../../reconciler/branch/unheard.ts";
import type { PublicationRecord } from "../../reconciler/records/records.ts";
import { envelopeHash } from "../../wire/envelope.ts";
import { buildGroupEnvelope } from "../../wire/groupEnvelope.ts";
import { type EntryId, fromHex } from "../../wire/ids.ts";
import { readState } from "../database/epochStates.ts";
import { tables } from "../database/tables.ts";
import { changeGroup } from "../group/changeGroup.ts";
import type { ChangingCore, CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { draftIntent } from "../outbox/addIntent.ts";

/** The padding of a confirmation: it makes it as long as a short text, so that nobody tells the one from the other. */
const PADDING_BYTES = 256;
const NOTHING = new Uint8Array(0);

/**
 * Tells those who joined by an entry that another member than its author follows it: by an application message without
 * content, which is no record, stands in no digest and costs no gas. Call it from within the group's queue.
 */
export async function confirm(params: {
  core: ChangingCore & CoreParts<"network">;
  group: Group;
  entry: EntryId;
}): Promise<void> {
  const { core, group, entry } = params;
  const { record } = group.view;
  const head = record.head as EntryId;
  const state = await readState({ database: core.database, group: group.id, cache: group.epochs, head });
  const heard = heardSince(group.view);
  const { inbox } = core.self;
  if (!state || record.status !== "member" || heard?.since !== entry || !isHearingOwed(heard, inbox)) return;
  const { key, privateKey } = core.self.installation;
  const { newState, message: privateMessage } = sealMessage({
    ...{ state, plaintext: NOTHING, authenticatedData: NOTHING, padding: PADDING_BYTES },
    signatureKey: { publicKey: fromHex(key), privateKey },
  });
  const { network } = core;
  const posting = postingCredentialOf({ network, group: group.id, head, state });
  const envelope = buildGroupEnvelope({ network, group: group.id, posting, privateMessage });
  const hash = envelopeHash(envelope);
  const draft = draftIntent({ core, group: group.id, action: { kind: "confirm", entry } });
  const publication: PublicationRecord = {
    ...{ intent: draft.id, group: group.id, envelope, hash },
    ...{ state: "pending", node: undefined, acknowledgedAtMs: 0 },
  };
  const outcome = { kind: "confirmation", epoch: record.epoch } as const;
  await changeGroup({
    core,
    group,
    change: {
      record: { ...record, heard: { ...heard, by: [...heard.by, inbox], own: heard.own + 1 } },
      intents: [{ ...draft, progress: { kind: "landed" } }],
      epochs: [{ head, epoch: { kind: "open", state: newState }, isNew: false }],
      publications: [{ sequence: draft.sequence, part: 0, record: publication }],
      writes: [tables.outcome.put({ group: group.id, envelope: hash }, { outcome, receivedAtMs: wallMs() })],
      sync: true,
    },
  });
}
