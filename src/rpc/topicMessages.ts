import type { MessageInitShape } from "@bufbuild/protobuf";
import { WeftError } from "../errors.ts";
import type {
  LogDigest as LogDigestMessage,
  LogDigestSchema,
  TopicDigests as TopicDigestsMessage,
  TopicDigestsSchema,
  TopicQuestion as TopicQuestionMessage,
  TopicQuestionSchema,
} from "../gen/weft/v1/node_pb.ts";
import { fromHex } from "../wire/ids.ts";
import { logIdFromMessage, logRangeFromMessage } from "../wire/logRange.ts";
import { parseTopic } from "../wire/topic.ts";
import {
  type LogDigest,
  type LogSpan,
  sumBytes,
  sumFromBytes,
  type TopicQuestion,
} from "../wire/topicDigest.ts";
import { bounded } from "./fields.ts";
import { MAX_SPANS_PER_DIGEST } from "./limits.ts";

export function topicQuestionMessage(question: TopicQuestion): MessageInitShape<typeof TopicQuestionSchema> {
  const { topic, ranges = [] } = question;
  return { topic, ranges: ranges.map(({ log, floor, next }) => ({ log: logMessage(log), floor, next })) };
}

/** Reads a question about a topic. Throws `unknown-topic`, `malformed`, `too-large`. */
export function topicQuestionFromMessage({ topic, ranges }: TopicQuestionMessage): TopicQuestion {
  parseTopic(topic);
  const spans = bounded({ items: ranges, max: MAX_SPANS_PER_DIGEST, what: "runs of logs" }).map(
    spanFromMessage,
  );
  return spans.length === 0 ? { topic } : { topic, ranges: spans };
}

export function topicDigestsMessage(
  digests: readonly LogDigest[],
): MessageInitShape<typeof TopicDigestsSchema> {
  return { logs: digests.map(logDigestMessage) };
}

/** Reads the digests of a topic. Throws `malformed`. */
export function topicDigestsFromMessage({ logs }: TopicDigestsMessage): LogDigest[] {
  return logs.map(logDigestFromMessage);
}

function logDigestMessage(digest: LogDigest): MessageInitShape<typeof LogDigestSchema> {
  const { log, floor, next, sum, conflicted } = digest;
  return { log: logMessage(log), floor, next, count: BigInt(sum.count), sum: sumBytes(sum), conflicted };
}

function logDigestFromMessage(message: LogDigestMessage): LogDigest {
  const { floor, next, count, sum: bytes, conflicted } = message;
  if (next < floor) throw new WeftError({ code: "malformed", message: "a digest ends before it begins" });
  return { log: logIdFromMessage(message.log), floor, next, sum: sumFromBytes({ count, bytes }), conflicted };
}

function spanFromMessage(message: TopicQuestionMessage["ranges"][number]): LogSpan {
  const { log, floor, next } = logRangeFromMessage(message);
  return { log, floor, next };
}

function logMessage({ node, generation, shard }: LogSpan["log"]) {
  return { node: fromHex(node), generation, shard };
}
