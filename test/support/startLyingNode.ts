import assert from "node:assert/strict";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import type { NodeId } from "../../src/wire/ids.ts";
import type { TestNode } from "./startTestNode.ts";
import { wideLimits } from "./wideLimits.ts";

/** What a node says otherwise, by the API of the honest one behind it. */
export type Lies = (api: NodeConnection) => Partial<NodeApi>;

/** A real node whose public API somebody changes. Clients that name its URL take it for the node. */
export type LyingNode = AsyncDisposable & {
  readonly nodeId: NodeId;
  readonly url: string;
  /** Of the node behind it. */
  readonly api: NodeConnection;
  /** From now on; undefined: it tells the truth. Streams that are open go on as they were begun. */
  readonly lie: (lies: Lies | undefined) => void;
};

/** Serves a node's API on a port of its own, honest until told otherwise. */
export async function startLyingNode(params: { node: TestNode; lies?: Lies }): Promise<LyingNode> {
  const { node } = params;
  await using stack = new AsyncDisposableStack();
  const api = stack.use(connectNode({ url: node.url }));
  const names = Object.keys(api).filter((name) => typeof api[name as keyof NodeApi] === "function");
  // A lie about a call that there is no more would be told to nobody.
  const told = (lies: Lies | undefined): Partial<NodeApi> => {
    const made = lies?.(api) ?? {};
    for (const name of Object.keys(made)) assert(names.includes(name), `nodes have no call ${name}`);
    return made;
  };
  let changed = told(params.lies);
  const handlers = Object.fromEntries(
    names.map((name) => {
      const call = (...args: unknown[]): unknown => {
        const method = (changed[name as keyof NodeApi] ?? api[name as keyof NodeApi]) as typeof call;
        return method(...args);
      };
      return [name, call];
    }),
  );
  const server = stack.use(
    await serveRpc({
      handlers: handlers as unknown as NodeApi,
      pages: async () => undefined,
      ...{ host: "127.0.0.1", port: 0 },
      limits: wideLimits,
      onFault: () => undefined,
    }),
  );
  const owned = stack.move();
  return {
    ...{ nodeId: node.nodeId, url: server.url, api },
    lie: (lies) => {
      changed = told(lies);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
