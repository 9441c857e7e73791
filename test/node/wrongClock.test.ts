import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import { spawnChild } from "../../src/devnet/spawnChild.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import type { TestChain } from "../support/startTestChain.ts";
import { startTestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

/** Peers may be long in coming on a busy machine. */
const PATIENCE_MS = 60_000;
const HOUR_MS = 3_600_000;
const commandLine = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const clock = new URL("../support/moveClock.ts", import.meta.url).href;

test("nodes whose clocks are an hour behind and an hour ahead say so and are not ready, and their peers are", async () => {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(await startTestNetwork({ nodes: 2, blockMs: 100 }));
  const wrong = [
    { account: 3, aheadMs: -HOUR_MS, words: /clock is 3[56]\d\d s behind/ },
    { account: 4, aheadMs: HOUR_MS, words: /clock is 3[56]\d\d s ahead/ },
  ];
  await Promise.all(
    wrong.map(async ({ account, aheadMs, words }) => {
      const url = await startNodeProcess({ stack, chain: network.chain, account, aheadMs });
      const api = stack.use(connectNode({ url }));
      const isTold = async () => words.test((await api.getNode({})).notReadyReason);
      await until(`the clock is the reason: ${words.source}`, isTold, PATIENCE_MS);
      assert.equal((await fetch(`${url}/readyz`)).status, 503);
    }),
  );
  for (const { api: right } of network.nodes) assert.equal((await right.getNode({})).ready, true);
});

/** A node in a process of its own, whose clock is wrong. Gives its URL. */
async function startNodeProcess(params: {
  stack: AsyncDisposableStack;
  chain: TestChain;
  account: number;
  aheadMs: number;
}): Promise<string> {
  const { stack, chain, account, aheadMs } = params;
  const { path } = stack.use(await temporaryDirectory());
  const networkFile = join(path, "network.json");
  await writeFile(networkFile, formatDeployment(chain.network));
  const listening = Promise.withResolvers<string>();
  const places = ["--network", networkFile, "--data", join(path, "node"), "--rpc", chain.rpcUrl];
  const addresses = ["--http", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/tcp/0", "--log-level", "silent"];
  stack.use(
    spawnChild({
      command: process.execPath,
      args: ["--import", clock, commandLine, "node", "start", "--json", ...places, ...addresses],
      env: { WEFT_OPERATOR_KEY: chain.accounts[account]?.privateKey ?? "", CLOCK_AHEAD_MS: `${aheadMs}` },
      onLine: (line) => listening.resolve((JSON.parse(line) as { url: string }).url),
    }),
  );
  return await listening.promise;
}
