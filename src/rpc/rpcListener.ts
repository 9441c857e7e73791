import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import {
  type ConnectError,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorFromJsonBytes, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import { isStorageFault, isWeftError } from "../errors.ts";
import { NodeService } from "../gen/weft/v1/node_pb.ts";
import { toConnectError } from "./errorDetail.ts";
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, REFUSED_ENVELOPE_BYTES } from "./limits.ts";
import type { NodeApi } from "./nodeApi.ts";
import { createOpenCounter, createTokenBuckets, limitKey, type RateLimits } from "./rateLimit.ts";
import { routesOf } from "./routes.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Proxies hand on each message of a stream when it comes, and answers as they are. */
const PASS_THROUGH = [
  ["x-accel-buffering", "no"],
  ["cache-control", "no-store, no-transform"],
] as const;

const callerKey = createContextKey<string>("unknown", { description: "what limits count by" });

/** Answers requests to the service; false for any other path. Limits are checked before a body is read. */
export function createRpcListener(params: {
  api: NodeApi;
  limits: RateLimits;
  onFault: (fault: { method: string; error: unknown }) => void;
  signal: AbortSignal;
}): (request: NodeRequest, response: NodeResponse) => boolean {
  const { api, limits, onFault, signal } = params;
  const nowMs = () => performance.now();
  const calls = createTokenBuckets({ ...limits.calls, what: "calls", nowMs });
  const relays = createTokenBuckets({ ...limits.relays, what: "relayed transactions", nowMs });
  const published = createTokenBuckets({ ...limits.publishedBytes, what: "published bytes", nowMs });
  const streams = createOpenCounter({ max: limits.streams, what: "open streams" });
  const charge = {
    callerOf: (context: HandlerContext) => context.values.get(callerKey),
    publishedBytes: ({ context, bytes }: { context: HandlerContext; bytes: number }) =>
      published.take({ key: context.values.get(callerKey), cost: bytes }),
    refusedEnvelopes: ({ context, count }: { context: HandlerContext; count: number }) =>
      published.owe({ key: context.values.get(callerKey), cost: count * REFUSED_ENVELOPE_BYTES }),
  };
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    readMaxBytes: MAX_REQUEST_BYTES,
    writeMaxBytes: MAX_RESPONSE_BYTES,
    acceptCompression: [],
    shutdownSignal: signal,
    requestGate: coded({
      onFault,
      run: async (context: HandlerContext) => {
        const key = context.values.get(callerKey);
        calls.take({ key, cost: 1 });
        if (context.method.name.startsWith("Relay")) relays.take({ key, cost: 1 });
        if (context.method.methodKind !== "server_streaming") return;
        context.signal.addEventListener("abort", streams.open(key), { once: true });
      },
    }),
  });
  router.service(NodeService, codedRoutes({ routes: routesOf({ api, charge }), onFault }));
  const byPath = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = byPath.get((request.url ?? "").split("?", 1)[0] ?? "");
    if (handler === undefined) return false;
    for (const [name, value] of PASS_THROUGH) response.setHeader(name, value);
    const values = createContextValues().set(callerKey, limitKey(request.socket.remoteAddress ?? "unknown"));
    const answer = async (): Promise<void> => {
      const incoming = universalRequestFromNodeRequest(request, response, undefined, values);
      await universalResponseToNodeResponse(await codedResponse(await handler(incoming)), response);
    };
    // What fails here is the connection, or a Host header that is none: nobody is left to be told.
    answer().catch(() => response.destroy());
    return true;
  };
}

type OnFault = (fault: { method: string; error: unknown }) => void;
type Unary = (request: never, context: HandlerContext) => Promise<unknown>;
type Streaming = (request: never, context: HandlerContext) => AsyncIterable<unknown>;

/** Turns whatever a handler throws into a coded error of the wire, and reports the faults among them. */
function codedRoutes(params: {
  routes: ServiceImpl<typeof NodeService>;
  onFault: OnFault;
}): ServiceImpl<typeof NodeService> {
  const { routes, onFault } = params;
  const wrapped = Object.entries(routes).map(([name, route]) => {
    const method = NodeService.method[name as keyof typeof NodeService.method];
    if (method.methodKind === "unary") {
      const run = route as Unary;
      return [
        name,
        (request: never, context: HandlerContext) => coded({ onFault, run: (c) => run(request, c) })(context),
      ];
    }
    return [name, codedStream({ onFault, run: route as Streaming })];
  });
  return Object.fromEntries(wrapped) as ServiceImpl<typeof NodeService>;
}

function coded<T>(params: {
  onFault: OnFault;
  run: (context: HandlerContext) => Promise<T>;
}): (context: HandlerContext) => Promise<T> {
  return async (context) => {
    try {
      return await params.run(context);
    } catch (error) {
      throw reported({ error, context, onFault: params.onFault });
    }
  };
}

function codedStream(params: { onFault: OnFault; run: Streaming }): Streaming {
  return async function* (request, context) {
    try {
      yield* params.run(request, context);
    } catch (error) {
      throw reported({ error, context, onFault: params.onFault });
    }
    context.signal.throwIfAborted();
  };
}

function reported(params: { error: unknown; context: HandlerContext; onFault: OnFault }): ConnectError {
  const { error, context, onFault } = params;
  const expected = isWeftError(error)
    ? error.code !== "internal" && !isStorageFault(error)
    : context.signal.aborted;
  if (!expected) onFault({ method: context.method.name, error });
  return toConnectError(error);
}

/** Requests that do not even decode are refused by Connect itself, without our detail: added here. */
async function codedResponse(response: UniversalServerResponse): Promise<UniversalServerResponse> {
  const { status, header, body } = response;
  if (status === 200 || !header?.get("content-type")?.startsWith("application/json")) return response;
  if (body === undefined) return response;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const error = errorFromJsonBytes(Buffer.concat(chunks), undefined, toConnectError(undefined));
  const answer = toConnectError(error);
  const bytes = errorToJsonBytes(answer, undefined);
  header.set("content-length", String(bytes.length));
  return { status: codeToHttpStatus(answer.code), header, body: chunked(bytes) };
}

async function* chunked(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
