import { startTestChain, type TestChain } from "./startTestChain.ts";
import { startTestNode, type TestNode } from "./startTestNode.ts";

export type TestNetwork = AsyncDisposable & {
  readonly chain: TestChain;
  readonly nodes: readonly TestNode[];
};

/** A chain and nodes in this process that know each other, all ready. */
export async function startTestNetwork(params: { nodes: number; blockMs?: number }): Promise<TestNetwork> {
  await using stack = new AsyncDisposableStack();
  const { blockMs = 100 } = params;
  const chain = stack.use(await startTestChain({ blockMs }));
  const nodes: TestNode[] = [];
  for (let account = 1; account <= params.nodes; account++) {
    nodes.push(stack.use(await startTestNode({ chain, account })));
  }
  const owned = stack.move();
  return { chain, nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
