import assert from "node:assert/strict";
import { callRpc } from "../../src/devnet/callRpc.ts";
import type { TestChain } from "./startTestChain.ts";

type Chain = { readonly chain: TestChain };

/** What lands after this block is what `undoAfter` takes. */
export async function markBlock({ chain }: Chain): Promise<number> {
  await chain.pause();
  await chain.mine(1);
  const block = await newestBlock({ chain });
  chain.resume();
  return block;
}

/** Takes all blocks after this one; the chain stands still then. */
export async function undoAfter({ chain }: Chain, block: number): Promise<void> {
  await chain.pause();
  const depth = (await newestBlock({ chain })) - block;
  assert.deepEqual(await chain.reorg({ depth }), { kind: "done" });
}

async function newestBlock({ chain }: Chain): Promise<number> {
  return Number(await callRpc<string>({ rpcUrl: chain.rpcUrl, method: "eth_blockNumber" }));
}
