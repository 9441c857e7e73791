import { shake256 } from "#crypto";
import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { u32, u64, utf8 } from "./bytes.ts";
import { fromHex, toHex } from "./ids.ts";
import type { LogId } from "./logRange.ts";

/** The place where a node's log has taken an envelope in, with the envelope's hash (32 bytes). */
export type TopicElement = {
  readonly topic: Uint8Array;
  readonly log: LogId;
  readonly sequence: bigint;
  readonly hash: Uint8Array;
};

/**
 * How many envelopes a run of a log has of one topic, and what they add up to, modulo 2^2048. Sums of neighbouring
 * runs add up to that of both, whatever the order in which they were made.
 */
export type TopicSum = { readonly count: number; readonly sum: bigint };

/** What is asked of a topic: these runs of logs, or all that the node holds of it. */
export type TopicQuestion = { readonly topic: Uint8Array; readonly ranges?: readonly LogSpan[] | undefined };

/** The sequences [floor, next) of a log. */
export type LogSpan = { readonly log: LogId; readonly floor: bigint; readonly next: bigint };

/** What a node holds of a topic in a run of a log, without a gap. */
export type LogDigest = LogSpan & {
  readonly sum: TopicSum;
  /**
   * True if the log's node has signed two headers for the same sequences: others may hold another branch of the log.
   */
  readonly conflicted: boolean;
};

const SUM_BITS = 2048;
const SUM_BYTES = SUM_BITS / 8;
const LABEL = utf8("weft.topic.v1");

export const EMPTY_SUM: TopicSum = { count: 0, sum: 0n };

/**
 * Adds an envelope to a sum by AdHash (Bellare and Micciancio, EUROCRYPT 1997) over SHAKE256: the sum of
 * SHAKE256("weft.topic.v1" ‖ topic ‖ node ‖ generation (u64) ‖ shard (u32) ‖ sequence (u64) ‖ envelope hash), 2,048
 * bits of each. At 256 bits Wagner's generalized birthday attack (CRYPTO 2002) finds another set with the same sum.
 */
export function withElement({ count, sum }: TopicSum, element: TopicElement): TopicSum {
  const { topic, log, sequence, hash } = element;
  const place = [fromHex(log.node), u64(log.generation), u32(log.shard), u64(sequence)];
  const bytes = shake256({ bytes: concatBytes(LABEL, topic, ...place, hash), length: SUM_BYTES });
  return { count: count + 1, sum: BigInt.asUintN(SUM_BITS, sum + BigInt(toHex(bytes))) };
}

/** Computes what is left of `whole` without `part`, which is contained in it. */
export function withoutSum(whole: TopicSum, part: TopicSum): TopicSum {
  return { count: whole.count - part.count, sum: BigInt.asUintN(SUM_BITS, whole.sum - part.sum) };
}

export function isSameSum(a: TopicSum, b: TopicSum): boolean {
  return a.count === b.count && a.sum === b.sum;
}

/** Encodes a sum as 256 bytes, big-endian, without its count. */
export function sumBytes({ sum }: TopicSum): Uint8Array {
  return fromHex(`0x${sum.toString(16).padStart(2 * SUM_BYTES, "0")}`);
}

/** Reads a sum. Throws `malformed` for a wrong length or count. */
export function sumFromBytes(params: { count: bigint; bytes: Uint8Array }): TopicSum {
  const { count, bytes } = params;
  if (bytes.length !== SUM_BYTES || count > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new WeftError({ code: "malformed", message: "a sum of a topic has a wrong length or count" });
  }
  return { count: Number(count), sum: BigInt(toHex(bytes)) };
}
