import { steadyMs } from "../../clock/steadyMs.ts";
import { WeftError } from "../../errors.ts";
import type { NodeConnection } from "../../rpc/connectNode.ts";
import { STREAM_HEARTBEAT_MS } from "../../rpc/limits.ts";
import type { Call } from "../../rpc/nodeApi.ts";
import { envelopeBytes } from "../../wire/envelope.ts";

/** How long a node may take for what it answers out of its own database. */
const ANSWER_MS = 1_500;
/** How long a node may take for what it has to ask the chain for, which it may have to try more than once. */
const CHAIN_ANSWER_MS = 4_000;
const ofChain: ReadonlySet<string> = new Set(["relayAppend", "relayIdentity", "readWords"]);
/** A call that hands over bytes is not late before it could have done so at this rate. */
const LEAST_BYTES_PER_SECOND = 64 * 1024;
/** After this silence a stream has missed two signs of life. */
const STREAM_SILENCE_MS = 2 * STREAM_HEARTBEAT_MS + 500;
/** A timer that is so late shows that this process stood still, and not the node. */
const STALL_MS = 250;
const LOOK_AGAIN_MS = 500;
const LEAST_BETWEEN_ANSWERS_MS = 500;

type Watch = {
  readonly url: string;
  /** The node answers in time. */
  readonly onAnswer: () => void;
  /** A call, or a stream, waits for longer than a node that is well needs. */
  readonly onSilence: () => void;
  /** An answer that was late has come after all. */
  readonly onLate: () => void;
  /** True if another node does well, as far as is known. */
  readonly hasOther: () => boolean;
};

type Method = (request: unknown, call?: Call) => Promise<unknown> | AsyncIterable<unknown>;

/**
 * Watches how a connection's node answers, whoever calls it. A call that waits for too long ends as `node-unreachable`
 * as soon as another node does well, so that its caller turns there; where no other does, the call goes on waiting, for
 * all may be slow. A stream is not ended: its reader may have no other node.
 */
export function watchNode(params: { connection: NodeConnection } & Omit<Watch, "url">): NodeConnection {
  const { connection, onAnswer, ...others } = params;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  const note = (): void => {
    if (answeredAtMs + LEAST_BETWEEN_ANSWERS_MS > steadyMs()) return;
    answeredAtMs = steadyMs();
    onAnswer();
  };
  const watch: Watch = { ...others, onAnswer: note, url: connection.url };
  const watched = { ...connection };
  for (const [name, method] of Object.entries(connection)) {
    if (typeof method === "function") Object.assign(watched, { [name]: watchMethod(watch, name, method) });
  }
  return watched;
}

function watchMethod(watch: Watch, name: string, method: Method): Method {
  return (request, call) => {
    const answer = method(request, call);
    if (Symbol.asyncIterator in answer) return watchStream(watch, answer);
    return watchCall({ watch, name, answer, ms: patienceMs(name, request), signal: call?.signal });
  };
}

function patienceMs(name: string, request: unknown): number {
  if (ofChain.has(name)) return CHAIN_ANSWER_MS;
  if (name !== "publish") return ANSWER_MS;
  const { envelopes } = request as Parameters<NodeConnection["publish"]>[0];
  const bytes = envelopes.reduce((sum, envelope) => sum + envelopeBytes(envelope), 0);
  return ANSWER_MS + (1_000 * bytes) / LEAST_BYTES_PER_SECOND;
}

async function watchCall(params: {
  watch: Watch;
  name: string;
  answer: Promise<unknown>;
  ms: number;
  signal: AbortSignal | undefined;
}): Promise<unknown> {
  const { watch, name, answer, ms, signal } = params;
  const given = Promise.withResolvers<never>();
  let isLate = false;
  const stop = afterSilence(ms, () => {
    if (!isLate && !signal?.aborted) watch.onSilence();
    isLate = true;
    if (!watch.hasOther()) return;
    const message = `${watch.url} did not answer ${name} within ${ms} ms`;
    given.reject(new WeftError({ code: "node-unreachable", message }));
    return "stop";
  });
  answer.then(
    () => (isLate ? watch.onLate() : watch.onAnswer()),
    () => undefined,
  );
  try {
    return await Promise.race([answer, given.promise]);
  } finally {
    stop();
  }
}

async function* watchStream(watch: Watch, stream: AsyncIterable<unknown>): AsyncGenerator<unknown> {
  const events = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const stop = afterSilence(STREAM_SILENCE_MS, () => {
        watch.onSilence();
        return "stop";
      });
      const next = await events.next().finally(stop);
      if (next.done) return;
      watch.onAnswer();
      yield next.value;
    }
  } finally {
    await events.return?.();
  }
}

/**
 * Runs `step` once `ms` are over in which this process did not stand still, and then again and again until it says
 * stop.
 */
function afterSilence(ms: number, step: () => "stop" | undefined): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let dueMs = steadyMs() + ms;
  const tick = (): void => {
    const hasStalled = steadyMs() > dueMs + STALL_MS;
    if (!hasStalled && step() === "stop") return;
    const waitMs = hasStalled ? STALL_MS : LOOK_AGAIN_MS;
    dueMs = steadyMs() + waitMs;
    timer = setTimeout(tick, waitMs);
  };
  timer = setTimeout(tick, ms);
  return () => clearTimeout(timer);
}
