import { startTestChain, type TestChain } from "./startTestChain.ts";
import { startTestNode, type TestNode } from "./startTestNode.ts";

export type TestNetwork = AsyncDisposable & {
  readonly chain: TestChain;
  readonly nodes: readonly TestNode[];
};

/** A chain and nodes in this process that know each other, all ready. */
export async function startTestNetwork(params: {
  nodes: number;
  blockMs?: number;
  /** Into which messages are split; 1 unless told. */
  shards?: number;
  /** What each node serves, as in WEFT_SHARDS; all unless told. */
  serves?: readonly string[];
}): Promise<TestNetwork> {
  await using stack = new AsyncDisposableStack();
  const { blockMs = 100, shards = 1, serves = [] } = params;
  const chain = stack.use(await startTestChain({ blockMs, shards }));
  const nodes: TestNode[] = [];
  for (let account = 1; account <= params.nodes; account++) {
    const chosen = { shards: serves[account - 1] ?? "all", chainPollMs: `${blockMs}` };
    nodes.push(stack.use(await startTestNode({ chain, account, chosen })));
  }
  const owned = stack.move();
  return { chain, nodes, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
