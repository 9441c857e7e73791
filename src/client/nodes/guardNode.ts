import { type ErrorCode, isWeftError, WeftError } from "../../errors.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import type { BlockRef } from "../../wire/blockRef.ts";

/** Codes by which a node may name a fault of its own. */
const ownFaults: ReadonlySet<ErrorCode> = new Set([
  "node-unreachable",
  "not-ready",
  "limit-exceeded",
  "chain-unreachable",
  "fee-too-high",
  "internal",
  "malformed",
  // This client throws it once it has ended the connection.
  "closed",
]);
/** Codes that a node may also give for a place in its topics. */
const topicFaults: ReadonlySet<ErrorCode> = new Set(["pruned", "bad-cursor"]);

type Hear = {
  /** Told of the newest block that the node names, in whatever answer. */
  readonly onHead: (head: BlockRef) => void;
  /** Told for how many milliseconds the node wants no calls. */
  readonly onWait: (ms: number) => void;
};
type Method = (...args: unknown[]) => Promise<unknown> | AsyncIterable<unknown>;

/**
 * Guards a connection so that its node can't end anything by the fault that it names: `too-large`, `revoked` or
 * `storage` from the other side count as `internal`, a fault of that node, so that another one is asked. The same codes
 * thrown by this client elsewhere keep their meaning.
 */
export function guardNode(connection: NodeConnection, hear: Hear): NodeConnection {
  const guarded = { ...connection };
  for (const [name, method] of Object.entries(connection)) {
    if (typeof method !== "function") continue;
    const isOfTopics = name === "query" || name === "subscribe";
    Object.assign(guarded, { [name]: guardMethod(method as Method, isOfTopics, hear) });
  }
  return guarded;
}

function guardMethod(method: Method, isOfTopics: boolean, hear: Hear): Method {
  const judge = (error: unknown): unknown => {
    if (!isWeftError(error) || ownFaults.has(error.code)) return error;
    if (isOfTopics && topicFaults.has(error.code)) return error;
    const message = `the node answered ${error.code}: ${error.message}`;
    return new WeftError({ code: "internal", message, hint: error.hint, cause: error });
  };
  return (...args) => {
    const answer = method(...args);
    if (Symbol.asyncIterator in answer) return guardStream(answer, judge, hear);
    return answer.then(
      (given) => hearing(given, hear),
      (error: unknown) => {
        // A stream that is refused says nothing about calls.
        if (isWeftError(error, "limit-exceeded") && error.retryAfterMs) hear.onWait(error.retryAfterMs);
        throw judge(error);
      },
    );
  };
}

async function* guardStream(
  stream: AsyncIterable<unknown>,
  judge: (error: unknown) => unknown,
  hear: Hear,
): AsyncGenerator<unknown> {
  try {
    for await (const event of stream) yield hearing(event, hear);
  } catch (error) {
    throw judge(error);
  }
}

function hearing<T>(answer: T, hear: Hear): T {
  if (typeof answer === "object" && answer !== null && "head" in answer && isHead(answer.head))
    hear.onHead(answer.head);
  return answer;
}

function isHead(head: unknown): head is BlockRef {
  return typeof head === "object" && head !== null && "time" in head && "number" in head;
}
