import { concatBytes } from "../../crypto/concatBytes.ts";
import type { IdentityRecord, NodeAddresses } from "../../wire/chainRecord.ts";
import { EMPTY_WORD, type IdentityStep, nextWord, signaturesOf } from "../../wire/identityStep.ts";
import { encodeIdentityStep } from "../../wire/identityStepCodec.ts";
import { fromHex, type Hex, type NodeId, toHex } from "../../wire/ids.ts";
import { MAX_LIVE_GENERATIONS } from "../../wire/limits.ts";
import { keyOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { encodeEntry, parseJson, writeJson } from "./chainIndexCodec.ts";
import { decodeLastCheckpoint, encodeCheckpoint, encodeLastCheckpoint } from "./checkpointCodec.ts";
import type { IndexableRecord } from "./indexableRecord.ts";
import type { IndexedInbox, IndexedNode } from "./indexedRecords.ts";
import { stepOf } from "./stepOf.ts";

/** A write of the index; an undefined value deletes the record. */
export type Change = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

/** Reads a record of the index as the events before have left it. */
export type ReadRecord = (key: Uint8Array) => Promise<Uint8Array | undefined>;

/** Lists what one event changes in the index. Only reads: the caller writes. */
export async function changesOf(params: { record: IndexableRecord; read: ReadRecord }): Promise<Change[]> {
  const { record, read } = params;
  switch (record.kind) {
    case "entry":
      return entryChanges(record);
    case "inbox-created":
    case "installation-added":
    case "installation-revoked":
    case "wallet-linked":
    case "wallet-unlinked":
    case "recovery-proposed":
    case "recovery-vetoed":
      return await inboxChanges({ record, read });
    case "checkpoint":
      return await checkpointChanges({ record, read });
    default:
      return await nodeChanges({ record, read });
  }
}

function entryChanges(record: IndexableRecord & { kind: "entry" }): Change[] {
  const { group, id, parent, index, authority, payload, logIndex } = record;
  const { number, hash, time } = record.block;
  const entry = { group, id, parent, index, authority, payload, block: { number, hash, time }, logIndex };
  return [
    { key: keyOf(nodeSchema.entry, { group, id }), value: encodeEntry(entry) },
    { key: keyOf(nodeSchema.entryPayload, { group, id }), value: payload },
    { key: keyOf(nodeSchema.entryByGroup, { group, block: number, logIndex }), value: fromHex(id) },
    { key: keyOf(nodeSchema.child, { group, parent, index }), value: fromHex(id) },
  ];
}

async function inboxChanges(params: { record: IdentityRecord; read: ReadRecord }): Promise<Change[]> {
  const { record, read } = params;
  const { inbox: id } = record;
  const key = keyOf(nodeSchema.inbox, { inbox: id });
  const former = await read(key);
  const known = former && parseJson<IndexedInbox>(former);
  const next = inboxAfter({ inbox: known, record });
  const changes: Change[] = next === undefined ? [] : [{ key, value: writeJson(next.inbox) }];
  if (next?.step !== undefined) {
    const { count, word } = next.inbox;
    const place = keyOf(nodeSchema.inboxStep, { inbox: id, number: count - 1 });
    changes.push({ key: place, value: concatBytes(fromHex(word), encodeIdentityStep(next.step)) });
  }
  if (record.kind === "inbox-created" || record.kind === "wallet-linked") {
    changes.push({ key: keyOf(nodeSchema.wallet, { wallet: record.wallet }), value: fromHex(id) });
  }
  if (record.kind === "wallet-unlinked") {
    changes.push({ key: keyOf(nodeSchema.wallet, { wallet: record.wallet }), value: undefined });
  }
  return changes;
}

/** Returns an inbox as an event leaves it, and the step that the event adds; undefined if the event changes nothing. */
function inboxAfter(params: {
  inbox: IndexedInbox | undefined;
  record: IdentityRecord;
}): { inbox: IndexedInbox; step: IdentityStep | undefined } | undefined {
  const { inbox, record } = params;
  if (record.kind === "inbox-created") {
    const { inbox: id, salt } = record;
    return { inbox: { inbox: id, salt, count: 0, word: EMPTY_WORD, installations: [] }, step: undefined };
  }
  if (inbox === undefined) return undefined;
  const step = stepOf({ record, salt: inbox.count === 0 ? inbox.salt : undefined });
  if (step === undefined) return undefined;
  const signatures = signaturesOf({ inbox: inbox.inbox, step });
  const word = nextWord({ word: inbox.word, step, signatures });
  const installations = installationsAfter({ inbox, record });
  return { inbox: { ...inbox, count: inbox.count + 1, word, installations }, step };
}

/** Lists an inbox's installations after an event, without those whose proof does not verify. */
function installationsAfter(params: {
  inbox: IndexedInbox;
  record: IdentityRecord;
}): IndexedInbox["installations"] {
  const { record } = params;
  const { installations } = params.inbox;
  const { number } = record.block;
  if (record.kind === "installation-added" && !record.isVoid) {
    const { installation } = record;
    return [...installations, { installation, addedBlock: number, revokedBlock: undefined }];
  }
  if (record.kind !== "installation-revoked") return installations;
  return installations.map((one) =>
    one.installation === record.installation && one.revokedBlock === undefined
      ? { ...one, revokedBlock: number }
      : one,
  );
}

type NodeRecord = Exclude<
  Extract<IndexableRecord, { readonly node: NodeId }>,
  { readonly kind: "checkpoint" }
>;

async function nodeChanges(params: { record: NodeRecord; read: ReadRecord }): Promise<Change[]> {
  const { record, read } = params;
  const key = keyOf(nodeSchema.node, { node: record.node });
  const former = await read(key);
  const node = nodeAfter({ node: former && parseJson<IndexedNode>(former), record });
  return node === undefined ? [] : [{ key, value: writeJson(node) }];
}

function nodeAfter(params: { node: IndexedNode | undefined; record: NodeRecord }): IndexedNode | undefined {
  const { node, record } = params;
  const { number } = record.block;
  if (record.kind === "node-registered") {
    return {
      node: record.node,
      operator: record.operator,
      signingKey: toHex(record.signingKey),
      ...addressesOf(record),
      generation: 1,
      formerGenerations: [],
      registeredBlock: number,
      leavingBlock: undefined,
      disabledBlock: undefined,
      isDropped: false,
      shards: `${record.shards}`,
      formerShards: [],
      bondWei: `${record.bondWei}`,
      withdrawableAt: 0,
    };
  }
  if (node === undefined) return undefined;
  switch (record.kind) {
    case "node-addresses":
      return { ...node, ...addressesOf(record) };
    case "node-shards":
      return { ...node, ...shardsAfter({ node, shards: `${record.shards}`, number }) };
    case "node-restarted":
      return { ...node, ...generationsAfter({ node, generation: Number(record.generation) }) };
    case "node-leaving":
      return { ...node, leavingBlock: number, withdrawableAt: record.withdrawableAt };
    case "node-left":
      return { ...node, bondWei: "0" };
    case "node-disabled":
      return { ...node, disabledBlock: number, bondWei: "0" };
    case "node-dropped":
      return {
        ...node,
        isDropped: true,
        ...shardsAfter({ node, shards: "0", number }),
        peerId: "0x",
        peerProof: "0x",
        multiaddrs: [],
        httpAddress: "",
      };
  }
}

function generationsAfter(params: {
  node: IndexedNode;
  generation: number;
}): Pick<IndexedNode, "generation" | "formerGenerations"> {
  const { node, generation } = params;
  const former = [...(node.formerGenerations ?? []), node.generation];
  return { generation, formerGenerations: former.slice(1 - MAX_LIVE_GENERATIONS) };
}

/** How many former sets of shards are kept: an operator may change them as often as it pays for that. */
const MAX_FORMER_SHARDS = 16;

function shardsAfter(params: {
  node: IndexedNode;
  shards: string;
  number: number;
}): Pick<IndexedNode, "shards" | "formerShards"> {
  const { node, shards, number } = params;
  const [first, second, ...rest] = [...node.formerShards, { shards: node.shards, untilBlock: number }];
  if (first === undefined || second === undefined || rest.length + 2 <= MAX_FORMER_SHARDS) {
    return { shards, formerShards: [first, second, ...rest].filter((one) => one !== undefined) };
  }
  const both = { ...second, shards: `${BigInt(first.shards) | BigInt(second.shards)}` };
  return { shards, formerShards: [both, ...rest] };
}

function addressesOf(record: NodeAddresses): {
  peerId: Hex;
  peerProof: Hex;
  multiaddrs: readonly string[];
  httpAddress: string;
} {
  const { peerId, peerProof, multiaddrs, httpAddress } = record;
  return { peerId: toHex(peerId), peerProof: toHex(peerProof), multiaddrs, httpAddress };
}

/** Keeps a log's checkpoint only if its sequence is above the last one's: so blocks rise with the sequences. */
async function checkpointChanges(params: {
  record: IndexableRecord & { kind: "checkpoint" };
  read: ReadRecord;
}): Promise<Change[]> {
  const { node, generation, shard, sequence, headerHash, block } = params.record;
  const log = { node, generation, shard };
  const lastKey = keyOf(nodeSchema.lastCheckpoint, log);
  const last = await params.read(lastKey);
  if (last !== undefined && decodeLastCheckpoint(last).sequence >= sequence) return [];
  const key = keyOf(nodeSchema.checkpoint, { ...log, sequence });
  return [
    { key, value: encodeCheckpoint({ block: block.number, headerHash }) },
    { key: lastKey, value: encodeLastCheckpoint({ sequence, block: block.number }) },
  ];
}
