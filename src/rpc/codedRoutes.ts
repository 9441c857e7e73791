import {
  type ConnectError,
  createContextKey,
  type HandlerContext,
  type ServiceImpl,
} from "@connectrpc/connect";
import { isStorageFault, isWeftError, WeftError } from "../errors.ts";
import { NodeService } from "../gen/weft/v1/node_pb.ts";
import type { Account } from "./accounts.ts";
import { toConnectError } from "./errorDetail.ts";

export type OnFault = (fault: { method: string; error: unknown }) => void;

/** What the call is charged to. */
export const accountKey = createContextKey<Account | undefined>(undefined, {
  description: "the call's account",
});
/** Why a request was not taken in; undefined: it was. */
export const refusalKey = createContextKey<unknown>(undefined, { description: "why it is refused" });

type Unary = (request: never, context: HandlerContext) => Promise<unknown>;
type Streaming = (request: never, context: HandlerContext) => AsyncIterable<unknown>;

export function accountOf(context: HandlerContext): Account {
  const account = context.values.get(accountKey);
  if (account !== undefined) return account;
  throw new WeftError({ code: "internal", message: "a call without its account" });
}

/** Has Connect answer a request that was refused before it was decoded. */
export function throwRefusal(onFault: OnFault): (context: HandlerContext) => Promise<void> {
  return async (context) => {
    const error = context.values.get(refusalKey);
    if (error !== undefined) throw reported({ error, context, onFault });
  };
}

/** Turns whatever a handler throws into a coded error of the wire, and reports the faults among them. */
export function codedRoutes(params: {
  routes: ServiceImpl<typeof NodeService>;
  onFault: OnFault;
}): ServiceImpl<typeof NodeService> {
  const { routes, onFault } = params;
  const wrapped = Object.entries(routes).map(([name, route]) => {
    const method = NodeService.method[name as keyof typeof NodeService.method];
    if (method.methodKind !== "unary") return [name, codedStream({ onFault, run: route as Streaming })];
    return [name, coded({ onFault, run: route as Unary })];
  });
  return Object.fromEntries(wrapped) as ServiceImpl<typeof NodeService>;
}

function coded(params: { onFault: OnFault; run: Unary }): Unary {
  const { onFault, run } = params;
  return async (request, context) => {
    try {
      return await accountOf(context).turn(() => run(request, context));
    } catch (error) {
      throw reported({ error, context, onFault });
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
