import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  GetNodeResponse,
  GetNodeResponseSchema,
  NodeRecord as NodeRecordMessage,
  NodeRecordSchema,
} from "../gen/weft/v1/node_pb.ts";
import { asAddress, asId, fromHex } from "../wire/ids.ts";
import { logRangeFromMessage, logRangeMessage } from "../wire/logRange.ts";
import { optionalHeadFromMessage, optionalHeadMessage } from "./chainMessages.ts";
import { optionalBlock, safeNumber, sizedHex } from "./fields.ts";
import { DATABASE_ID_BYTES } from "./meshMessages.ts";
import type { NodeRecord, NodeStatus } from "./nodeApi.ts";

const SIGNING_KEY_BYTES = 33;

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
  };
}

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
  };
}

export function nodeRecordMessage(record: NodeRecord): MessageInitShape<typeof NodeRecordSchema> {
  const { peerId, httpAddress, generation, disabled } = record;
  return {
    node: fromHex(record.node),
    operator: fromHex(record.operator),
    signingKey: fromHex(record.signingKey),
    peerId,
    multiaddrs: [...record.multiaddrs],
    httpAddress,
    generation,
    registeredBlock: BigInt(record.registeredBlock),
    leftBlock: BigInt(record.leftBlock ?? 0),
    disabled,
  };
}

export function nodeRecordFromMessage(message: NodeRecordMessage): NodeRecord {
  const { peerId, multiaddrs, httpAddress, generation, disabled } = message;
  return {
    node: asId(message.node),
    operator: asAddress(message.operator),
    signingKey: sizedHex({ bytes: message.signingKey, length: SIGNING_KEY_BYTES, what: "a signing key" }),
    peerId,
    multiaddrs,
    httpAddress,
    generation,
    registeredBlock: safeNumber(message.registeredBlock),
    leftBlock: optionalBlock(message.leftBlock),
    disabled,
  };
}
