import { create } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import {
  type LogId as LogIdMessage,
  type LogRange as LogRangeMessage,
  LogRangeSchema,
} from "../gen/weft/v1/batch_pb.ts";
import { asId, fromHex, type Hex, type NodeId, toHex } from "./ids.ts";

/** A node's log: one run of sequences per generation and shard. */
export type LogId = { readonly node: NodeId; readonly generation: bigint; readonly shard: number };

/** Names a log by one string, for maps. */
export function logName(log: LogId): string {
  return `${log.node}/${log.generation}/${log.shard}`;
}

/** How far a log is held without a hole: the sequences [floor, next). */
export type LogRange = {
  readonly log: LogId;
  readonly floor: bigint;
  readonly next: bigint;
  /** The header hash of the batch that ends at `next`; undefined if there is none. */
  readonly headerHash: Hex | undefined;
};

const HASH_BYTES = 32;

/** Reads a log range. Throws `malformed` for an absent log, a wrong length or a range that ends before it begins. */
export function logRangeFromMessage(message: LogRangeMessage): LogRange {
  const { log, floor, next, headerHash } = message;
  const badHash = headerHash.length !== 0 && headerHash.length !== HASH_BYTES;
  if (badHash || next < floor) {
    throw new WeftError({ code: "malformed", message: "a log range with a bad header hash or bounds" });
  }
  const hash = headerHash.length === 0 ? undefined : toHex(headerHash);
  return { log: logIdFromMessage(log), floor, next, headerHash: hash };
}

export function logRangeMessage(range: LogRange): LogRangeMessage {
  const { log, floor, next, headerHash } = range;
  return create(LogRangeSchema, {
    log: { ...log, node: fromHex(log.node) },
    floor,
    next,
    headerHash: headerHash === undefined ? new Uint8Array() : fromHex(headerHash),
  });
}

/** Reads a log's id. Throws `malformed`. */
export function logIdFromMessage(message: LogIdMessage | undefined): LogId {
  if (message === undefined)
    throw new WeftError({ code: "malformed", message: "a log range without its log" });
  return { node: asId(message.node), generation: message.generation, shard: message.shard };
}
