import type { Address, EntryId, GroupId, Hex, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";
import { fromHex, toHex } from "../../wire/ids.ts";
import { keyOf } from "../keys.ts";
import { nodeSchema } from "../schema.ts";
import { encodeEntry, parseJson, writeJson } from "./chainIndexCodec.ts";
import { decodeLastCheckpoint, encodeCheckpoint, encodeLastCheckpoint } from "./checkpointCodec.ts";
import type { BlockRef, IndexedInbox, IndexedNode } from "./indexedRecords.ts";

type Addresses = {
  readonly peerId: Uint8Array;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

/** The fields of the contracts' events that the index keeps; what the chain room hands over fits. */
export type IndexableRecord = { readonly block: BlockRef; readonly logIndex: number } & (
  | {
      readonly kind: "entry";
      readonly group: GroupId;
      readonly id: EntryId;
      readonly parent: EntryId | GroupId;
      readonly index: number;
      readonly authority: Address;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "inbox-created"; readonly inbox: InboxId; readonly wallet: Address }
  | {
      readonly kind: "installation-added";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
      readonly wallet: Address;
      readonly installationSignature: Uint8Array;
    }
  | {
      readonly kind: "installation-revoked";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
    }
  | { readonly kind: "wallet-linked"; readonly inbox: InboxId; readonly wallet: Address }
  | { readonly kind: "wallet-unlinked"; readonly inbox: InboxId; readonly wallet: Address }
  | {
      readonly kind: "recovery-proposed";
      readonly inbox: InboxId;
      readonly recovery: Address;
      readonly changesAt: number;
    }
  | { readonly kind: "recovery-vetoed"; readonly inbox: InboxId }
  | ({
      readonly kind: "node-registered";
      readonly node: NodeId;
      readonly operator: Address;
      readonly signingKey: Uint8Array;
    } & Addresses)
  | ({ readonly kind: "node-addresses"; readonly node: NodeId } & Addresses)
  | { readonly kind: "node-restarted"; readonly node: NodeId; readonly generation: bigint }
  | { readonly kind: "node-leaving"; readonly node: NodeId }
  | { readonly kind: "node-disabled"; readonly node: NodeId }
  | { readonly kind: "node-left" }
  | {
      readonly kind: "checkpoint";
      readonly node: NodeId;
      readonly generation: bigint;
      readonly shard: number;
      readonly sequence: bigint;
      readonly headerHash: Hex;
    }
);

/** A record that the index writes; undefined deletes it. */
export type Change = { readonly key: Uint8Array; readonly value: Uint8Array | undefined };

export type ReadRecord = (key: Uint8Array) => Promise<Uint8Array | undefined>;

/** What one event changes in the index. Pure but for reading what the events before it left. */
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
    case "node-left":
      return [];
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
    { key: keyOf(nodeSchema.entryByGroup, { group, block: number, logIndex }), value: fromHex(id) },
    { key: keyOf(nodeSchema.child, { group, parent, index }), value: fromHex(id) },
  ];
}

type InboxRecord = Extract<IndexableRecord, { readonly inbox: InboxId }>;

async function inboxChanges(params: { record: InboxRecord; read: ReadRecord }): Promise<Change[]> {
  const { record, read } = params;
  const key = keyOf(nodeSchema.inbox, { inbox: record.inbox });
  const former = await read(key);
  const inbox = inboxAfter({ inbox: former && parseJson<IndexedInbox>(former), record });
  const changes: Change[] = inbox === undefined ? [] : [{ key, value: writeJson(inbox) }];
  if (record.kind === "inbox-created" || record.kind === "wallet-linked") {
    const wallet = keyOf(nodeSchema.wallet, { wallet: record.wallet });
    return [...changes, { key: wallet, value: fromHex(record.inbox) }];
  }
  if (record.kind !== "wallet-unlinked") return changes;
  return [...changes, { key: keyOf(nodeSchema.wallet, { wallet: record.wallet }), value: undefined }];
}

function inboxAfter(params: {
  inbox: IndexedInbox | undefined;
  record: InboxRecord;
}): IndexedInbox | undefined {
  const { inbox, record } = params;
  const { number, time } = record.block;
  if (record.kind === "inbox-created") {
    const { wallet } = record;
    return {
      inbox: record.inbox,
      createdBlock: number,
      recovery: wallet,
      pendingRecovery: undefined,
      wallets: [{ wallet, linkedBlock: number, unlinkedBlock: undefined }],
      installations: [],
    };
  }
  if (inbox === undefined) return undefined;
  switch (record.kind) {
    case "installation-added": {
      const { installation, wallet, installationSignature } = record;
      const signature = toHex(installationSignature);
      const added = { installation, wallet, addedBlock: number, revokedBlock: undefined, signature };
      return { ...inbox, installations: [...inbox.installations, added] };
    }
    case "installation-revoked": {
      const revoke = (installation: IndexedInbox["installations"][number]) =>
        installation.installation === record.installation && installation.revokedBlock === undefined
          ? { ...installation, revokedBlock: number }
          : installation;
      return { ...inbox, installations: inbox.installations.map(revoke) };
    }
    case "wallet-linked": {
      const others = inbox.wallets.filter(({ wallet }) => wallet !== record.wallet);
      const linked = { wallet: record.wallet, linkedBlock: number, unlinkedBlock: undefined };
      return { ...inbox, wallets: [...others, linked] };
    }
    case "wallet-unlinked": {
      const unlink = (wallet: IndexedInbox["wallets"][number]) =>
        wallet.wallet === record.wallet ? { ...wallet, unlinkedBlock: number } : wallet;
      return { ...inbox, wallets: inbox.wallets.map(unlink) };
    }
    case "recovery-proposed": {
      const { recovery, changesAt } = record;
      return { ...inbox, recovery: recoveryAt({ inbox, time }), pendingRecovery: { recovery, changesAt } };
    }
    case "recovery-vetoed":
      return { ...inbox, pendingRecovery: undefined };
  }
}

/** The recovery wallet in force at a time (seconds since 1970). */
export function recoveryAt(params: { inbox: IndexedInbox; time: number }): Address {
  const { inbox, time } = params;
  const { pendingRecovery } = inbox;
  return pendingRecovery !== undefined && time >= pendingRecovery.changesAt
    ? pendingRecovery.recovery
    : inbox.recovery;
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
      registeredBlock: number,
      leavingBlock: undefined,
      disabledBlock: undefined,
    };
  }
  if (node === undefined) return undefined;
  switch (record.kind) {
    case "node-addresses":
      return { ...node, ...addressesOf(record) };
    case "node-restarted":
      return { ...node, generation: Number(record.generation) };
    case "node-leaving":
      return { ...node, leavingBlock: number };
    case "node-disabled":
      return { ...node, disabledBlock: number };
  }
}

function addressesOf(record: Addresses): { peerId: Hex; multiaddrs: readonly string[]; httpAddress: string } {
  const { peerId, multiaddrs, httpAddress } = record;
  return { peerId: toHex(peerId), multiaddrs, httpAddress };
}

/** Checkpoints of a log count as long as their sequence grows: so the first at or after a batch is the earliest. */
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
