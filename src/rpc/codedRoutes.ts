import {
  type ConnectError,
  createContextKey,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { steadyMs } from "../clock/steadyMs.ts";
import { isStorageFault, isWeftError, WeftError } from "../errors.ts";
import { NodeService } from "../gen/weft/v1/node_pb.ts";
import type { Account } from "./accounts.ts";
import { toConnectError } from "./errorDetail.ts";

/** Told of faults of the server itself, with the method or path. */
export type OnFault = (fault: { method: string; error: unknown }) => void;
/**
 * Told how a call ended: `ok`, `canceled`, or a code of errors.ts. `seconds` is undefined for a stream or a refusal.
 */
export type OnCall = (call: { method: string; code: string; seconds: number | undefined }) => void;
/** The callbacks that are told of faults and of calls. */
export type Heard = { readonly onFault: OnFault; readonly onCall: OnCall };

/** The context's key for the account that a call is charged to. */
export const accountKey = createContextKey<Account | undefined>(undefined, {
  description: "the call's account",
});
/** The context's key for the error by which a request was refused; undefined if it was not. */
export const refusalKey = createContextKey<unknown>(undefined, { description: "why it is refused" });

type Unary = (request: never, context: HandlerContext) => Promise<unknown>;
type Streaming = (request: never, context: HandlerContext) => AsyncIterable<unknown>;

/** Returns the account that a call is charged to. */
export function accountOf(context: HandlerContext): Account {
  const account = context.values.get(accountKey);
  if (account !== undefined) return account;
  throw new WeftError({ code: "internal", message: "a call without its account" });
}

/** Makes a gate that throws the refusal of a request that was not decoded, so that Connect answers with it. */
export function throwRefusal(heard: Heard): (context: HandlerContext) => Promise<void> {
  return async (context) => {
    const error = context.values.get(refusalKey);
    if (error === undefined) return;
    heard.onCall({ method: context.method.name, code: codeOf({ error, context }), seconds: undefined });
    throw reported({ error, context, heard });
  };
}

/** Wraps routes so that all that they throw becomes a coded ConnectError, and faults and ends of calls are told. */
export function codedRoutes(params: {
  routes: ServiceImpl<typeof NodeService>;
  heard: Heard;
}): ServiceImpl<typeof NodeService> {
  const { routes, heard } = params;
  const wrapped = Object.entries(routes).map(([name, route]) => {
    const method = NodeService.method[name as keyof typeof NodeService.method];
    if (method.methodKind !== "unary") return [name, codedStream({ heard, run: route as Streaming })];
    return [name, coded({ heard, run: route as Unary })];
  });
  return Object.fromEntries(wrapped) as ServiceImpl<typeof NodeService>;
}

function coded(params: { heard: Heard; run: Unary }): Unary {
  const { heard, run } = params;
  return async (request, context) => {
    const sinceMs = steadyMs();
    let code = "ok";
    try {
      return await accountOf(context).turn(() => run(request, context));
    } catch (error) {
      code = codeOf({ error, context });
      throw reported({ error, context, heard });
    } finally {
      heard.onCall({ method: context.method.name, code, seconds: (steadyMs() - sinceMs) / 1_000 });
    }
  };
}

function codedStream(params: { heard: Heard; run: Streaming }): Streaming {
  const { heard, run } = params;
  return async function* (request, context) {
    let code = "ok";
    try {
      yield* run(request, context);
    } catch (error) {
      code = codeOf({ error, context });
      throw reported({ error, context, heard });
    } finally {
      heard.onCall({ method: context.method.name, code, seconds: undefined });
    }
    context.signal.throwIfAborted();
  };
}

function codeOf({ error, context }: { error: unknown; context: HandlerContext }): string {
  if (isWeftError(error)) return error.code;
  return context.signal.aborted ? "canceled" : "internal";
}

function reported(params: { error: unknown; context: HandlerContext; heard: Heard }): ConnectError {
  const { error, context, heard } = params;
  const expected = isWeftError(error)
    ? error.code !== "internal" && !isStorageFault(error)
    : context.signal.aborted;
  if (!expected) heard.onFault({ method: context.method.name, error });
  return toConnectError(error);
}
