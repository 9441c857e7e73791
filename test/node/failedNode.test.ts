import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { spawnNode } from "../../src/devnet/spawnNode.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { startRpcShim } from "../chain/rpcShim.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

const EXIT_SECONDS = "2";

test("a node whose only provider turns to another chain is unhealthy, says why, and ends with status 1", async () => {
  await using chain = await startTestChain();
  await using other = await startLocalChain({ kind: "anvil", blockMs: 20 });
  await using directory = await temporaryDirectory();
  let isOther = false;
  await using shim = await startRpcShim({
    rpcUrl: chain.rpcUrl,
    intercept: async ({ method, params }) => {
      if (!isOther) return undefined;
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      const headers = { "content-type": "application/json" };
      return await (await fetch(other.rpcUrl, { method: "POST", headers, body })).json();
    },
  });
  const networkFile = join(directory.path, "network.json");
  await writeFile(networkFile, formatDeployment(chain.network));
  const logFile = join(directory.path, "node.log");
  const places = ["--network", networkFile, "--data", join(directory.path, "data"), "--rpc", shim.rpcUrl];
  await using node = await spawnNode({
    args: [...places, "--listen", "/ip4/127.0.0.1/tcp/0", "--http", "127.0.0.1:0"],
    env: {
      WEFT_OPERATOR_KEY: chain.accounts[1]?.privateKey ?? "",
      WEFT_FAILURE_EXIT_SECONDS: EXIT_SECONDS,
      WEFT_METRICS: "off",
    },
    logFile,
    signal: AbortSignal.timeout(120_000),
  });
  const health = async () => await fetch(`${node.addresses.url}/healthz`);
  assert.equal((await health()).status, 200);
  await until("the other chain is as long", async () => (await blockOf(other.rpcUrl)) > 40);
  isOther = true;
  await until("it is unhealthy", async () => (await health()).status === 503);
  const ready = await fetch(`${node.addresses.url}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /the chain can't be followed|the RPC serves/);
  assert.equal(await node.exited, "ended with code 1");
  assert.match(await readFile(logFile, "utf8"), /the chain can't be followed any more/);
});

async function blockOf(rpcUrl: string): Promise<number> {
  return Number(await callRpc<string>({ rpcUrl, method: "eth_blockNumber" }));
}
