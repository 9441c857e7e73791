import { type DescMessage, type DescMethod, fromBinary, type Message } from "@bufbuild/protobuf";
import {
  ConnectError,
  createContextValues,
  type HandlerContext,
  type Interceptor,
  type UnaryResponse,
} from "@connectrpc/connect";
import { isWeftError, WeftError } from "../../src/errors.ts";
import { NodeService } from "../../src/gen/weft/v1/node_pb.ts";
import { openAccount, openAccounts } from "../../src/rpc/accounts.ts";
import { clientAddress, readProxies } from "../../src/rpc/clientAddress.ts";
import { accountKey, codedRoutes } from "../../src/rpc/codedRoutes.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { toWeftError } from "../../src/rpc/errorDetail.ts";
import { boundsOf, countFields } from "../../src/rpc/methodBounds.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { limitKey } from "../../src/rpc/rateLimit.ts";
import { routesOf } from "../../src/rpc/routes.ts";
import { type Hex, toHex } from "../../src/wire/ids.ts";
import type { RecordedMessage } from "../support/recordCalls.ts";
import { wideLimits } from "../support/wideLimits.ts";
import type { Target } from "./target.ts";

const methods: readonly DescMethod[] = NodeService.methods;
const MAX_SAMPLES = 20;

/** Every request as a node takes it in: scanned, decoded, and carried out by a node's own API. */
export function requestTargets(params: { api: NodeApi; messages: readonly RecordedMessage[] }): Target[] {
  const { api, messages } = params;
  const accounts = openAccounts({ limits: wideLimits, onRefusal: () => {} });
  const faults: unknown[] = [];
  const onFault = ({ error }: { error: unknown }) => void faults.push(error);
  const routes = codedRoutes({ routes: routesOf({ api }), heard: { onFault, onCall: () => {} } });
  return methods.map((method) => ({
    name: `request ${method.name}`,
    samples: samplesOf({ messages, method, direction: "request" }),
    read: async (bytes) => {
      if (bytes.length > boundsOf(method).maxBytes) throw tooLarge(bytes);
      const ending = new AbortController();
      const { signal } = ending;
      using account = openAccount({ accounts, key: "fuzz", pool: boundsOf(method).pool, signal });
      account.fields(countFields({ method, bytes }));
      const message = decoded(method.input, bytes);
      const values = createContextValues().set(accountKey, account);
      const context = { values, signal, method } as unknown as HandlerContext;
      const route = routes[method.localName as keyof typeof routes] as (...args: unknown[]) => unknown;
      try {
        const answer = route(message, context);
        if (method.methodKind === "unary") await answer;
        else for await (const _ of answer as AsyncIterable<unknown>) break;
      } catch (error) {
        const [fault] = faults.splice(0);
        if (fault !== undefined) throw fault;
        throw error instanceof ConnectError ? toWeftError(error) : error;
      } finally {
        ending.abort();
      }
    },
  }));
}

/** What proxies write, and clients in front of them. */
export function headerTargets(): Target[] {
  const written = {
    "x-forwarded-for": ["192.0.2.7, 10.0.0.1", "[2001:db8::1]:443, 10.0.0.1"],
    forwarded: ['for=192.0.2.7;proto=https, for="[2001:db8::1]:443"', "for=10.0.0.1"],
  } as const;
  return (["x-forwarded-for", "forwarded"] as const).map((header) => {
    const proxies = readProxies({ trusted: ["10.0.0.0/8", "127.0.0.1"], header });
    return {
      name: `header ${header}`,
      samples: written[header].map((text) => new TextEncoder().encode(text)),
      read: (bytes) =>
        limitKey(
          clientAddress({
            remote: "127.0.0.1",
            headers: { [header]: Buffer.from(bytes).toString("latin1") },
            proxies,
          }),
        ),
    };
  });
}

/** Every answer as a client takes it in, to a request for as many things as it tells of. */
export function responseTargets(params: { messages: readonly RecordedMessage[] }): Target[] {
  const { messages } = params;
  return methods.map((method) => ({
    name: `response ${method.name}`,
    samples: samplesOf({ messages, method, direction: "response" }),
    read: async (bytes) => {
      const answer = decoded(method.output, bytes) as Message & Lists;
      const interceptors = [answering(answer)];
      await using node = connectNode({ url: "http://127.0.0.1:9", http: "1.1", interceptors });
      const name = method.localName as keyof NodeApi;
      try {
        const given = (node[name] as (request: unknown) => unknown)(requestFor(name, answer));
        if (method.methodKind === "unary") await given;
        else for await (const _ of given as AsyncIterable<unknown>);
      } catch (error) {
        if (!isWeftError(error, "node-unreachable")) throw error;
        // There is no wire that could break: what is taken for that is a defect, but for the end of a stream.
        if (error.cause !== undefined) throw error.cause;
      }
    },
  }));
}

/** Instead of a socket. */
function answering(answer: Message): Interceptor {
  const headers = { header: new Headers(), trailer: new Headers() };
  return () => async (request) => {
    const { service, method, stream } = request;
    const message = stream ? once(answer) : answer;
    return { service, method, stream, message, ...headers } as unknown as UnaryResponse;
  };
}

async function* once<Item>(item: Item): AsyncIterable<Item> {
  yield item;
}

type Lists = Readonly<Record<string, readonly unknown[] | undefined>> & { readonly words?: Lists };

type BlockField = { readonly block?: { readonly number: bigint; readonly hash: Uint8Array } };

/** Of the block that words were read at. */
function hashOf(words: Lists | undefined): Hex {
  const { block } = (words ?? {}) as BlockField;
  return toHex(block?.hash ?? new Uint8Array());
}

const ID: Hex = `0x${"11".repeat(32)}`;
const ADDRESS = `0x${"22".repeat(20)}`;
const TOPIC = new Uint8Array(33);

/** What the answer would fit, if it is well-formed: as many things as it has answers. */
function requestFor(name: keyof NodeApi, answer: Lists): object {
  const each = (list: readonly unknown[] | undefined, one: unknown) => (list ?? []).map(() => one);
  const log = { node: ID, generation: 1n, shard: 0 };
  const requests: Partial<Record<keyof NodeApi, object>> = {
    publish: { envelopes: each(answer.results, { topic: TOPIC, payload: TOPIC }) },
    query: { topics: [] },
    subscribe: { topics: [] },
    updateSubscription: { subscription: ID, add: [], remove: [] },
    hasEnvelopes: { hashes: each(answer.stored, ID) },
    vouch: { hashes: each(answer.stored, ID) },
    getTopicDigests: { topics: each(answer.topics, { topic: TOPIC }) },
    getKeyPackages: { installations: each(answer.envelopes, ID) },
    getCoverage: { batches: each(answer.batches, { log, first: 0n, headerHash: ID }) },
    fetchEntries: { group: ID, recent: [] },
    followChain: { groups: [] },
    getEntry: { group: ID, id: ID },
    relayAppend: { group: ID, parent: ID, limit: 1, authority: ADDRESS, payload: TOPIC, signature: TOPIC },
    relayIdentity: {
      kind: "revoke-installation",
      inbox: ID,
      installation: ID,
      by: ADDRESS,
      signature: TOPIC,
    },
    getHistories: { inboxes: each(answer.histories, { inbox: ID, count: 0, word: ID }) },
    getWallet: { wallet: ADDRESS },
    readWords: {
      block: hashOf(answer.words),
      entries: each(answer.words?.entries, { group: ID, id: ID }),
      ...{ inboxes: each(answer.words?.inboxes, ID), nodes: each(answer.words?.nodes, ID) },
      wallets: each(answer.words?.wallets, ADDRESS),
      checkpoints: each(answer.words?.checkpoints, { log, sequence: 0n, block: 1 }),
      blocks: (answer.words?.blocks ?? []).map((one) => Number((one as BlockField).block?.number ?? 1)),
    },
  };
  return requests[name] ?? {};
}

/** The first different ones that were recorded. */
function samplesOf(params: {
  messages: readonly RecordedMessage[];
  method: DescMethod;
  direction: RecordedMessage["direction"];
}): Uint8Array[] {
  const { messages, method, direction } = params;
  const own = messages.filter((one) => one.method === method.name && one.direction === direction);
  const different = new Map(own.map(({ bytes }) => [toHex(bytes), bytes]));
  return [...different.values()].slice(0, MAX_SAMPLES);
}

/** What Connect itself refuses before a handler or a client's code sees it. */
function decoded(schema: DescMessage, bytes: Uint8Array): Message {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    throw new WeftError({ code: "malformed", message: `${schema.name} does not decode`, cause });
  }
}

function tooLarge(bytes: Uint8Array): WeftError {
  return new WeftError({ code: "too-large", message: `a request of ${bytes.length} bytes` });
}
