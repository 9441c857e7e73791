import { isWeftError, WeftError } from "../../src/errors.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import type { Call, NodeApi } from "../../src/rpc/nodeApi.ts";
import { type Envelope, envelopeHash } from "../../src/wire/envelope.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import type { Story } from "./lies/deceit.ts";
import type { MemoryNode } from "./memoryNode.ts";
import type { Random } from "./random.ts";

/** How one client reaches the nodes, and what it has handed out. */
export type Wire = {
  readonly random: Random;
  readonly nodeAt: (url: string) => MemoryNode | undefined;
  readonly isDown: (node: MemoryNode) => boolean;
  /** What a node tells this client, until it tells otherwise. */
  readonly storyOf: (node: MemoryNode) => Story;
  /** Share of calls that break on the way there or back; of pages that come twice. */
  faults: number;
  /** Whatever left a client, taken or not. */
  readonly sent: Map<EnvelopeHash, Envelope>;
};

type Streams = "subscribe" | "followChain";
type Unary = Exclude<keyof NodeApi, Streams>;

const LATENCY_MS = 25;

/** The client half of a node's API without a socket: calls take their time, break, and are answered in vain. */
export function linkNode(params: { wire: Wire; url: string }): NodeConnection {
  const { wire, url } = params;
  const closing = new AbortController();
  const link: Link = { wire, url, closing: closing.signal };
  const names: readonly Unary[] = [
    ...(["getNode", "listNodes", "publish", "query", "updateSubscription", "hasEnvelopes"] as const),
    ...(["getKeyPackages", "fetchEntries", "getEntry", "getCoverage", "relayAppend", "vouch"] as const),
    ...(["relayIdentity", "getHistories", "getWallet", "getTopicDigests", "readWords"] as const),
  ];
  const calls = Object.fromEntries(names.map((name) => [name, unary(link, name)]));
  return {
    url,
    ...(calls as Pick<NodeApi, Unary>),
    subscribe: (request, call) => stream(link, call, (api, inner) => api.subscribe(request, inner)),
    followChain: (request, call) => stream(link, call, (api, inner) => api.followChain(request, inner)),
    [Symbol.asyncDispose]: async () =>
      closing.abort(new WeftError({ code: "closed", message: `the connection to ${url} was closed` })),
  };
}

type Link = { readonly wire: Wire; readonly url: string; readonly closing: AbortSignal };

function unary(link: Link, name: Unary) {
  return async (request: unknown, call?: Call): Promise<unknown> => {
    const signal = signalOf(link, call);
    const { wire } = link;
    signal.throwIfAborted();
    if (name === "publish") note(wire, request as { envelopes: readonly Envelope[] });
    await travel(wire, signal);
    const { api } = wire.storyOf(nodeOf(link));
    const method = api[name] as (request: unknown, call?: Call) => Promise<unknown>;
    // As over a socket, a caller that gives up waits for no answer.
    const answer = await endedBy(signal, method(request, { signal }));
    await travel(wire, signal);
    nodeOf(link);
    return answer;
  };
}

async function* stream<Event extends { readonly kind: string }>(
  link: Link,
  call: Call | undefined,
  open: (api: NodeApi, call: Call) => AsyncIterable<Event>,
): AsyncGenerator<Event> {
  const { wire } = link;
  const ended = new AbortController();
  const story = wire.storyOf(nodeOf(link));
  const signal = AbortSignal.any([signalOf(link, call), ended.signal, story.signal]);
  const events = open(story.api, { signal })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await endedBy(signal, events.next());
      if (next.done) return;
      await travel(wire, signal);
      nodeOf(link);
      yield next.value;
      if (next.value.kind === "page" && wire.random.chance(wire.faults)) yield next.value;
    }
  } finally {
    ended.abort();
    events.return?.().catch(() => undefined);
  }
}

function note({ sent }: Wire, { envelopes }: { envelopes: readonly Envelope[] }): void {
  for (const envelope of envelopes) sent.set(envelopeHash(envelope), envelope);
}

/** Throws `node-unreachable` for a node that is down. */
function nodeOf({ wire, url }: Link): MemoryNode {
  const node = wire.nodeAt(url);
  if (node && !wire.isDown(node)) return node;
  throw new WeftError({ code: "node-unreachable", message: `${url} does not answer` });
}

async function travel({ random, faults }: Wire, signal: AbortSignal): Promise<void> {
  const arrives = !random.chance(faults);
  const ms = random.next() * LATENCY_MS;
  await endedBy(signal, new Promise<void>((resolve) => void setTimeout(resolve, ms)));
  if (!arrives) throw new WeftError({ code: "node-unreachable", message: "the connection broke" });
}

function signalOf({ closing }: Link, call: Call | undefined): AbortSignal {
  return call?.signal === undefined ? closing : AbortSignal.any([closing, call.signal]);
}

/** What the promise gives, unless the signal aborts before. */
async function endedBy<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } catch (error) {
    // As over a socket, whatever is no coded error is the node's own fault.
    if (signal.aborted || isWeftError(error)) throw error;
    throw new WeftError({ code: "internal", message: "internal error", cause: error });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
