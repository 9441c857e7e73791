import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  GetNodeResponse,
  GetNodeResponseSchema,
  NodeRecord as NodeRecordMessage,
  NodeRecordSchema,
} from "../gen/weft/v1/node_pb.ts";
import { safeNumber } from "../wire/bytes.ts";
import { asAddress, asId, fromHex, toHex } from "../wire/ids.ts";
import { logRangeFromMessage, logRangeMessage } from "../wire/logRange.ts";
import { optionalHeadFromMessage, optionalHeadMessage } from "./chainMessages.ts";
import { optionalBlock, sizedHex } from "./fields.ts";
import { DATABASE_ID_BYTES } from "./meshMessages.ts";
import type { NodeRecord, NodeStatus } from "./nodeApi.ts";

const SIGNING_KEY_BYTES = 33;
/** The contract keeps a bond as uint96. */
const BOND_BYTES = 12;
const SHARDS_BYTES = 32;

export function nodeStatusMessage(status: NodeStatus): MessageInitShape<typeof GetNodeResponseSchema> {
  const { peerId, httpAddress, peers, ready, notReadyReason, version } = status;
  return {
    node: fromHex(status.node),
    peerId,
    multiaddrs: [...status.multiaddrs],
    httpAddress,
    chainId: BigInt(status.chainId),
    commitLog: fromHex(status.commitLog),
    identityRegistry: fromHex(status.identityRegistry),
    nodeRegistry: fromHex(status.nodeRegistry),
    database: fromHex(status.database),
    ...optionalHeadMessage(status.head),
    peers,
    ready,
    notReadyReason,
    version,
    logs: status.logs.map(logRangeMessage),
    shards: sizedBytes(status.shards, SHARDS_BYTES),
  };
}

/** Reads a node's status. Throws `malformed`. */
export function nodeStatusFromMessage(message: GetNodeResponse): NodeStatus {
  const { peerId, multiaddrs, httpAddress, peers, ready, notReadyReason, version } = message;
  return {
    node: asId(message.node),
    peerId,
    multiaddrs,
    httpAddress,
    chainId: safeNumber(message.chainId),
    commitLog: asAddress(message.commitLog),
    identityRegistry: asAddress(message.identityRegistry),
    nodeRegistry: asAddress(message.nodeRegistry),
    database: sizedHex({ bytes: message.database, length: DATABASE_ID_BYTES, what: "a database id" }),
    head: optionalHeadFromMessage(message.head),
    peers,
    ready,
    notReadyReason,
    version,
    logs: message.logs.map(logRangeFromMessage),
    shards: shardsFrom(message.shards),
  };
}

export function nodeRecordMessage(record: NodeRecord): MessageInitShape<typeof NodeRecordSchema> {
  const { httpAddress, generation, withdrawableAt } = record;
  return {
    node: fromHex(record.node),
    operator: fromHex(record.operator),
    signingKey: fromHex(record.signingKey),
    peerId: fromHex(record.peerId),
    multiaddrs: [...record.multiaddrs],
    httpAddress,
    generation,
    registeredBlock: BigInt(record.registeredBlock),
    leftBlock: BigInt(record.leftBlock ?? 0),
    disabledBlock: BigInt(record.disabledBlock ?? 0),
    bondWei: sizedBytes(record.bondWei, BOND_BYTES),
    withdrawableAt: BigInt(withdrawableAt),
    peerProof: fromHex(record.peerProof),
    shards: sizedBytes(record.shards, SHARDS_BYTES),
    dropped: record.isDropped,
  };
}

/** Reads a node's record. Throws `malformed`. */
export function nodeRecordFromMessage(message: NodeRecordMessage): NodeRecord {
  const { peerId, peerProof, multiaddrs, httpAddress, generation } = message;
  const bond = sizedHex({ bytes: message.bondWei, length: BOND_BYTES, what: "a bond" });
  return {
    node: asId(message.node),
    operator: asAddress(message.operator),
    signingKey: sizedHex({ bytes: message.signingKey, length: SIGNING_KEY_BYTES, what: "a signing key" }),
    peerId: toHex(peerId),
    peerProof: toHex(peerProof),
    multiaddrs,
    httpAddress,
    generation,
    registeredBlock: safeNumber(message.registeredBlock),
    leftBlock: optionalBlock(message.leftBlock),
    disabledBlock: optionalBlock(message.disabledBlock),
    bondWei: BigInt(bond),
    withdrawableAt: safeNumber(message.withdrawableAt),
    shards: shardsFrom(message.shards),
    isDropped: message.dropped,
  };
}

function shardsFrom(bytes: Uint8Array): bigint {
  return BigInt(sizedHex({ bytes, length: SHARDS_BYTES, what: "a set of shards" }));
}

function sizedBytes(value: bigint, length: number): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(2 * length, "0")}`);
}
