import assert from "node:assert/strict";
import { test } from "node:test";
import { deployContracts } from "../../src/chain/deploy/deploy.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { startRpcShim } from "./rpcShim.ts";

test("a deployment never asks for anvil_nodeInfo, which Anvil stands still on if it mines meanwhile", async () => {
  await using chain = await startLocalChain({ kind: "anvil", blockMs: 20 });
  await using directory = await temporaryDirectory();
  const asked = new Set<string>();
  await using shim = await startRpcShim({
    rpcUrl: chain.rpcUrl,
    intercept: ({ method }) => {
      asked.add(method);
      return undefined;
    },
  });
  const { chainId } = await deployContracts({ rpcUrl: shim.rpcUrl, deploymentDir: directory.path });
  assert.equal(chainId, chain.chainId);
  assert.ok(asked.has("eth_chainId") && asked.has("eth_getTransactionReceipt"));
  assert.ok(!asked.has("anvil_nodeInfo"));
});
