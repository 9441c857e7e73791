import { WeftError } from "../errors.ts";
import type { ChainIndex } from "../store/node/chainIndex.ts";
import type { LogStore } from "../store/node/logStore.ts";
import { entryOf } from "../store/node/readEntries.ts";
import { inboxOf } from "../store/node/readInboxes.ts";
import { checkEnvelope, type Envelope } from "../wire/envelope.ts";
import { decodeGroupEnvelope, type KnownCertificates, verifyGroupEnvelope } from "../wire/groupEnvelope.ts";
import { decodeHistoryPayload } from "../wire/historyPayload.ts";
import { type Address, asId, type EntryId, type GroupId } from "../wire/ids.ts";
import { decodeKeyPackageRecord, type KeyPackageRecord } from "../wire/keyPackageRecord.ts";
import type { Network } from "../wire/network.ts";
import { remember } from "../wire/remember.ts";
import { decodeGroupInfoPayload, decodeWelcomePayload } from "../wire/welcomePayload.ts";
import { newestKeyPackage } from "./newestKeyPackage.ts";

/** The parts that judge envelopes. Mutable: it remembers heads and certificates, so that none is looked up twice. */
export type Admission = {
  readonly network: Network;
  readonly index: ChainIndex;
  readonly store: LogStore;
  readonly heads: Map<EntryId, KnownHead>;
  readonly certificates: KnownCertificates;
};

export type KnownHead = { readonly group: GroupId; readonly authority: Address; readonly block: number };

const MAX_KNOWN_HEADS = 20_000;

export function openAdmission(params: { network: Network; index: ChainIndex; store: LogStore }): Admission {
  return { ...params, heads: new Map(), certificates: new Map() };
}

/** Forgets the heads that were looked up. Call it when the index went back: entries may have moved. */
export function forgetHeads(admission: Admission): void {
  admission.heads.clear();
}

/**
 * Judges an envelope that someone wants to publish, by its topic's kind (docs/protocol/logs.md, "A batch's way").
 * Throws a WeftError with the code of the refusal.
 */
export async function admitEnvelope(params: {
  admission: Admission;
  envelope: Envelope;
  nowMs: number;
}): Promise<void> {
  const { admission, envelope, nowMs } = params;
  const topic = checkEnvelope(envelope);
  switch (topic.kind) {
    case "group":
      return await admitMessage({ admission, group: asId(topic.id), payload: envelope.payload });
    case "key-package":
      return await admitKeyPackage({ admission, envelope, nowMs });
    case "welcome":
      decodeWelcomePayload(envelope);
      return;
    case "group-info":
      decodeGroupInfoPayload(envelope);
      return;
    case "history":
      decodeHistoryPayload(envelope);
      return;
  }
}

async function admitMessage(params: {
  admission: Admission;
  group: GroupId;
  payload: Uint8Array;
}): Promise<void> {
  const { admission, group, payload } = params;
  const { network } = admission;
  const envelope = decodeGroupEnvelope(payload);
  const head = await knownHead({ admission, group, id: envelope.head });
  if (head === undefined) throw unknownHead({ admission, id: envelope.head });
  const { authority } = head;
  const posted = verifyGroupEnvelope({ network, group, envelope, authority, known: admission.certificates });
  if (posted === "stranger") {
    const message = `the posting key is not certified by the authority of ${envelope.head}`;
    throw new WeftError({ code: "not-a-member", message });
  }
  if (posted === "bad-signature") {
    throw new WeftError({ code: "bad-signature", message: "the message is not signed by its posting key" });
  }
}

/** Looks up an entry of a group; undefined: the index does not have it in this group. */
export async function knownHead(params: {
  admission: Admission;
  group: GroupId;
  id: EntryId;
}): Promise<KnownHead | undefined> {
  const { admission, group, id } = params;
  const { heads, index } = admission;
  const known = heads.get(id);
  if (known !== undefined) return known.group === group ? known : undefined;
  const { state } = index;
  const entry = await entryOf({ index, group, id });
  if (entry === undefined) return undefined;
  const head = { group, authority: entry.authority, block: entry.block.number };
  // Nothing is remembered if the index moved during the read: a rollback has cleared the heads then.
  if (index.state === state) remember({ known: heads, key: id, value: head, limit: MAX_KNOWN_HEADS });
  return head;
}

async function admitKeyPackage(params: {
  admission: Admission;
  envelope: Envelope;
  nowMs: number;
}): Promise<void> {
  const { admission, envelope, nowMs } = params;
  const { network, index, store } = admission;
  const record = decodeKeyPackageRecord(envelope);
  if (record.chainId !== network.chainId || record.registry !== network.identityRegistry) {
    throw new WeftError({ code: "wrong-chain", message: `a key package for chain ${record.chainId}` });
  }
  if (record.expiresAt * 1000 <= nowMs) {
    throw new WeftError({
      code: "expired",
      message: `the key package expired at ${record.expiresAt}`,
      hint: "Publish a new key package with a later expiry.",
    });
  }
  await requireActive({ index, record });
  const newest = await newestKeyPackage({ store, topic: envelope.topic });
  if (newest !== undefined && record.generation <= newest.record.generation) {
    throw new WeftError({
      code: "replayed",
      message: `generation ${record.generation} is not above ${newest.record.generation}`,
      hint: `Build a key package of generation ${newest.record.generation + 1} or higher.`,
    });
  }
}

async function requireActive(params: { index: ChainIndex; record: KeyPackageRecord }): Promise<void> {
  const { index, record } = params;
  const inbox = await inboxOf({ index, inbox: record.inbox });
  const installation = inbox?.installations.find(({ installation }) => installation === record.installation);
  if (installation === undefined) {
    throw new WeftError({
      code: "unknown-record",
      message: `${record.installation} is not an installation of ${record.inbox}`,
    });
  }
  if (installation.revokedBlock !== undefined) {
    const message = `${record.installation} was revoked in block ${installation.revokedBlock}`;
    throw new WeftError({ code: "revoked", message });
  }
}

function unknownHead(params: { admission: Admission; id: EntryId }): WeftError {
  const block = params.admission.index.state.head?.number ?? 0;
  return new WeftError({
    code: "unknown-head",
    message: `${params.id} is no entry of this group up to block ${block}`,
    hint: `This node has read the chain up to block ${block}: try again when it has read on, or use another node.`,
  });
}
