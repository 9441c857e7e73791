import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { openTransport } from "#rpc-transport";
import { WeftError } from "../errors.ts";
import { NodeService } from "../gen/weft/v1/node_pb.ts";
import type { ProxyChoice } from "../net/proxy.ts";
import { asId, fromHex } from "../wire/ids.ts";
import {
  appendMessage,
  chainEventFromMessage,
  entryCursorMessage,
  entryPageFromMessage,
  entryStateFromMessage,
  groupPositionMessage,
  optionalHeadFromMessage,
  relayAnswerFromMessage,
} from "./chainMessages.ts";
import { batchPlaceMessage, coveragePageFromMessage } from "./coverageMessages.ts";
import { toWeftError } from "./errorDetail.ts";
import { historyFromMessage, historyPositionMessage, identityActionMessage } from "./identityMessages.ts";
import { CALL_TIMEOUT_MS, STREAM_SILENCE_MS } from "./limits.ts";
import {
  publishResultFromMessage,
  queryPageFromMessage,
  subscriptionEventFromMessage,
  topicPositionMessage,
} from "./meshMessages.ts";
import type { Call, NodeApi } from "./nodeApi.ts";
import { nodeRecordFromMessage, nodeStatusFromMessage } from "./nodeMessages.ts";
import { readLiveStream } from "./readLiveStream.ts";
import { topicDigestsFromMessage, topicQuestionMessage } from "./topicMessages.ts";
import { wordsAnswerFromMessage, wordsQuestionMessage } from "./wordsMessages.ts";

/** A client's connection to a node. */
export type NodeConnection = NodeApi & AsyncDisposable & { readonly url: string };

type Options = { signal: AbortSignal; timeoutMs?: number };

type Caller = {
  readonly client: Client<typeof NodeService>;
  readonly unary: <T>(call: Call | undefined, run: (options: Options) => Promise<T>) => Promise<T>;
  readonly stream: <T>(
    call: Call | undefined,
    run: (options: Options) => AsyncIterable<T>,
  ) => AsyncIterable<T>;
};

/**
 * Makes the client half of a node's API, in Node.js and in browsers; it connects at the first call. If the node dies, a
 * call fails after `timeoutMs`, a stream at once if the connection breaks, or after `silenceMs` of silence. Calls throw
 * WeftErrors with the node's own code, or `node-unreachable`; the reason of an aborted signal. `signal` closes the
 * connection, as its disposal does. Throws `bad-config` for a `url` that is none.
 */
export function connectNode(params: {
  url: string;
  signal?: AbortSignal;
  /** The only HTTP version to use, in Node.js; by default, what the node speaks. */
  http?: "1.1" | "2";
  /** The proxy by which requests leave this machine; Node.js only. */
  proxy?: ProxyChoice;
  /** CALL_TIMEOUT_MS by default. */
  timeoutMs?: number;
  /** STREAM_SILENCE_MS by default. */
  silenceMs?: number;
  /** See every call, for callers that count or record them. */
  interceptors?: readonly Interceptor[];
}): NodeConnection {
  const { url, http, proxy, timeoutMs = CALL_TIMEOUT_MS, silenceMs = STREAM_SILENCE_MS } = params;
  const { interceptors = [] } = params;
  const { transport, close } = openTransport({ url: checkUrl(url), http, proxy, interceptors });
  const closing = new AbortController();
  const dispose = (): void => {
    closing.abort(new WeftError({ code: "closed", message: `the connection to ${url} was closed` }));
    close();
  };
  params.signal?.addEventListener("abort", dispose, { once: true });
  const signalOf = (call: Call | undefined): AbortSignal =>
    call?.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, call.signal]);
  const caller: Caller = {
    client: createClient(NodeService, transport),
    unary: async (call, run) => {
      const signal = signalOf(call);
      signal.throwIfAborted();
      try {
        return await run({ signal, timeoutMs });
      } catch (error) {
        throw signal.aborted ? signal.reason : toWeftError(error);
      }
    },
    stream: (call, run) => readLiveStream({ open: run, signal: signalOf(call), silenceMs }),
  };
  return {
    url,
    ...nodeCalls(caller),
    ...meshCalls(caller),
    ...chainCalls(caller),
    ...identityCalls(caller),
    [Symbol.asyncDispose]: async () => {
      params.signal?.removeEventListener("abort", dispose);
      dispose();
    },
  };
}

function nodeCalls({ client, unary }: Caller): Pick<NodeApi, "getNode" | "listNodes"> {
  return {
    getNode: (_, call) =>
      unary(call, async (options) => nodeStatusFromMessage(await client.getNode({}, options))),
    listNodes: ({ after }, call) =>
      unary(call, async (options) => {
        const from = after === undefined ? {} : { after: fromHex(after) };
        const { nodes, head, more } = await client.listNodes(from, options);
        return { nodes: nodes.map(nodeRecordFromMessage), head: optionalHeadFromMessage(head), more };
      }),
  };
}

function meshCalls({
  client,
  unary,
  stream,
}: Caller): Pick<
  NodeApi,
  | "publish"
  | "query"
  | "subscribe"
  | "updateSubscription"
  | "hasEnvelopes"
  | "vouch"
  | "getTopicDigests"
  | "getKeyPackages"
  | "getCoverage"
> {
  return {
    publish: ({ envelopes }, call) =>
      unary(call, async (options) => {
        const request = { envelopes: envelopes.map(({ topic, payload }) => ({ topic, payload })) };
        const { results } = await client.publish(request, options);
        return sameLength(results, envelopes).map(publishResultFromMessage);
      }),
    query: ({ topics, maxBytes = 0 }, call) =>
      unary(call, async (options) => {
        const request = { topics: topics.map(topicPositionMessage), maxBytes };
        return queryPageFromMessage(await client.query(request, options));
      }),
    subscribe: async function* ({ topics }, call) {
      const request = { topics: topics.map(topicPositionMessage) };
      const events = stream(call, (options) => client.subscribe(request, options));
      for await (const event of events) yield subscriptionEventFromMessage(event);
    },
    updateSubscription: ({ subscription, add, remove }, call) =>
      unary(call, async (options) => {
        const topics = { add: add.map(topicPositionMessage), remove: [...remove] };
        await client.updateSubscription({ subscription: fromHex(subscription), ...topics }, options);
      }),
    hasEnvelopes: ({ hashes }, call) =>
      unary(call, async (options) => {
        const { stored } = await client.hasEnvelopes({ hashes: hashes.map(fromHex) }, options);
        return [...sameLength(stored, hashes)];
      }),
    vouch: ({ hashes }, call) =>
      unary(call, async (options) => {
        const { stored, signature } = await client.vouch({ hashes: hashes.map(fromHex) }, options);
        return { stored: [...sameLength(stored, hashes)], signature };
      }),
    getTopicDigests: ({ topics }, call) =>
      unary(call, async (options) => {
        const request = { topics: topics.map(topicQuestionMessage) };
        const answer = await client.getTopicDigests(request, options);
        return sameLength(answer.topics, topics).map(topicDigestsFromMessage);
      }),
    getKeyPackages: ({ installations }, call) =>
      unary(call, async (options) => {
        const request = { installations: installations.map(fromHex) };
        const { envelopes } = await client.getKeyPackages(request, options);
        return sameLength(envelopes, installations).map(({ topic, payload }) =>
          topic.length === 0 ? undefined : { topic, payload },
        );
      }),
    getCoverage: ({ batches }, call) =>
      unary(call, async (options) => {
        const request = { batches: batches.map(batchPlaceMessage) };
        const page = coveragePageFromMessage(await client.getCoverage(request, options));
        return { ...page, batches: sameLength(page.batches, batches) };
      }),
  };
}

function chainCalls({
  client,
  unary,
  stream,
}: Caller): Pick<NodeApi, "fetchEntries" | "followChain" | "getEntry" | "relayAppend"> {
  return {
    fetchEntries: ({ group, recent, maxBytes = 0 }, call) =>
      unary(call, async (options) => {
        const request = { group: fromHex(group), recent: recent.map(entryCursorMessage), maxBytes };
        return entryPageFromMessage(await client.fetchEntries(request, options));
      }),
    followChain: async function* ({ groups }, call) {
      const request = { groups: groups.map(groupPositionMessage) };
      const events = stream(call, (options) => client.followChain(request, options));
      for await (const event of events) yield chainEventFromMessage(event);
    },
    getEntry: ({ group, id }, call) =>
      unary(call, async (options) =>
        entryStateFromMessage(await client.getEntry({ group: fromHex(group), id: fromHex(id) }, options)),
      ),
    relayAppend: (append, call) =>
      unary(call, async (options) =>
        relayAnswerFromMessage(await client.relayAppend(appendMessage(append), options)),
      ),
  };
}

function identityCalls({
  client,
  unary,
}: Caller): Pick<NodeApi, "relayIdentity" | "getHistories" | "getWallet" | "readWords"> {
  return {
    relayIdentity: (action, call) =>
      unary(call, async (options) =>
        relayAnswerFromMessage(await client.relayIdentity(identityActionMessage(action), options)),
      ),
    getHistories: ({ inboxes }, call) =>
      unary(call, async (options) => {
        const request = { inboxes: inboxes.map(historyPositionMessage) };
        const response = await client.getHistories(request, options);
        const histories = sameLength(response.histories, inboxes).map(historyFromMessage);
        return { histories, head: optionalHeadFromMessage(response.head) };
      }),
    getWallet: ({ wallet }, call) =>
      unary(call, async (options) => {
        const { inbox, nonce } = await client.getWallet({ wallet: fromHex(wallet) }, options);
        return { inbox: inbox.length === 0 ? undefined : asId(inbox), nonce };
      }),
    readWords: (question, call) =>
      unary(call, async (options) => {
        const message = await client.readWords(wordsQuestionMessage(question), options);
        return wordsAnswerFromMessage({ question, message });
      }),
  };
}

/** Throws `malformed` if a node answers another number of items than was asked for: their order can't be trusted. */
function sameLength<T>(items: readonly T[], asked: readonly unknown[]): readonly T[] {
  if (items.length === asked.length) return items;
  throw new WeftError({
    code: "malformed",
    message: `the node answered ${items.length} of ${asked.length} items`,
  });
}

function checkUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return url.replace(/\/+$/, "");
  throw new WeftError({ code: "bad-config", message: `not an http(s) address of a node: ${url}` });
}
