import { setTimeout as delay } from "node:timers/promises";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { Call, NodeApi } from "../../src/rpc/nodeApi.ts";

/**
 * How a node hangs for one client: `all` answers nothing; `calls` and `streams` only not these; `slow` answers calls
 * SLOW_MS late; `after-publish` takes envelopes and does not say so.
 */
export type Hang = "all" | "calls" | "streams" | "slow" | "after-publish";

const SLOW_MS = 5_000;

/** How one client reaches nodes, of which some hang from a moment on: also calls and streams that are open then. */
export type HangingConnect = {
  readonly connect: (params: { url: string }) => NodeConnection;
  readonly hang: (url: string, how: Hang) => void;
  readonly goOn: (url: string) => void;
};

type Method = (request: unknown, call?: Call) => Promise<unknown> | AsyncIterable<unknown>;
type State = { how: Hang | undefined; goesOn: PromiseWithResolvers<void> };

export function hangingConnect(): HangingConnect {
  const states = new Map<string, State>();
  const stateOf = (url: string): State => {
    const known = states.get(url) ?? { how: undefined, goesOn: Promise.withResolvers<void>() };
    states.set(url, known);
    return known;
  };
  return {
    connect: ({ url }) => {
      const connection = connectNode({ url });
      const hanging = { ...connection };
      for (const [name, method] of Object.entries(connection)) {
        if (typeof method !== "function") continue;
        const isStream = name === "subscribe" || name === "followChain";
        const held = isStream ? holdStream : holdCall;
        Object.assign(hanging, { [name]: held(stateOf(url), name as keyof NodeApi, method as Method) });
      }
      return hanging;
    },
    hang: (url, how) => void Object.assign(stateOf(url), { how }),
    goOn: (url) => {
      const state = stateOf(url);
      state.goesOn.resolve();
      Object.assign(state, { how: undefined, goesOn: Promise.withResolvers<void>() });
    },
  };
}

function holdCall(state: State, name: string, method: Method): Method {
  return async (request, call) => {
    const isHeld = () => state.how === "all" || state.how === "calls";
    while (isHeld()) await goesOn(state, call);
    const answer = await (method(request, call) as Promise<unknown>);
    if (state.how === "slow") await delay(SLOW_MS, undefined, { ref: false });
    while (isHeld() || (name === "publish" && state.how === "after-publish")) await goesOn(state, call);
    return answer;
  };
}

function holdStream(state: State, _name: string, method: Method): Method {
  return async function* (request, call) {
    const isHeld = () => state.how === "all" || state.how === "streams";
    while (isHeld()) await goesOn(state, call);
    for await (const event of method(request, call) as AsyncIterable<unknown>) {
      while (isHeld()) await goesOn(state, call);
      yield event;
    }
  };
}

/** Throws the signal's reason once it aborts. */
async function goesOn(state: State, call: Call | undefined): Promise<void> {
  const signal = call?.signal;
  signal?.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    await Promise.race([state.goesOn.promise, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
