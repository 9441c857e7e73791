import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createPublicClient, http } from "viem";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { nodeRegistryAbi } from "../../src/chain/abi/nodeRegistry.ts";
import { deployContracts } from "../../src/chain/deploy/deploy.ts";
import { parseDeployment } from "../../src/chain/deploy/deployment.ts";
import { readDeployment } from "../../src/chain/deploy/readDeployment.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { isWeftError } from "../../src/errors.ts";
import type { Network } from "../../src/wire/network.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

const chain = await startLocalChain({ kind: "anvil", blockMs: 20 });
const { rpcUrl } = chain;
const client = createPublicClient({ transport: http(rpcUrl), cacheTime: 0 });
test.after(() => chain[Symbol.asyncDispose]());

const code = (name: Parameters<typeof isWeftError>[1]) => (error: unknown) => isWeftError(error, name);

/** How many transactions the deployer has sent. */
function sent(at: number): Promise<number> {
  const address = chain.accounts[at]?.address;
  assert.ok(address);
  return client.getTransactionCount({ address });
}

async function hasCode(deployment: Network): Promise<boolean> {
  const code = await client.getCode({ address: deployment.commitLog });
  return code !== undefined;
}

test("deploys with the given settings and writes the address file; the second run does nothing", async () => {
  await using directory = await temporaryDirectory();
  const deploymentDir = join(directory.path, "new");
  const settings = { bondWei: 5n, leaveDelaySeconds: 6, recoveryDelaySeconds: 7, shards: 8 };
  const deployment = await deployContracts({ rpcUrl, deploymentDir, chainId: chain.chainId, ...settings });

  const { commitLog, identityRegistry, nodeRegistry } = deployment;
  const readNumber = { functionName: "DEPLOYED_BLOCK" } as const;
  const blocks = await Promise.all(
    [commitLog, identityRegistry, nodeRegistry].map((address) =>
      client.readContract({ address, abi: commitLogAbi, ...readNumber }),
    ),
  );
  assert.equal(deployment.deployedBlock, Math.min(...blocks));
  const nodes = { address: nodeRegistry, abi: nodeRegistryAbi } as const;
  assert.equal(await client.readContract({ ...nodes, functionName: "BOND" }), 5n);
  assert.equal(await client.readContract({ ...nodes, functionName: "LEAVE_DELAY_SECONDS" }), 6);
  assert.equal(await client.readContract({ ...nodes, functionName: "SHARDS" }), 8);
  assert.equal(deployment.shards, 8);
  const identities = { address: identityRegistry, abi: identityRegistryAbi } as const;
  assert.equal(await client.readContract({ ...identities, functionName: "RECOVERY_DELAY_SECONDS" }), 7);
  const genesis = await client.getBlock({ blockNumber: 0n });
  assert.equal(deployment.genesisHash, genesis.hash);

  const written = await readFile(join(deploymentDir, `${chain.chainId}.json`), "utf8");
  assert.deepEqual(JSON.parse(written), deployment);
  assert.deepEqual(await readDeployment({ deploymentDir, chainId: chain.chainId }), deployment);

  const before = await sent(0);
  assert.deepEqual(await deployContracts({ rpcUrl, deploymentDir }), deployment);
  assert.equal(await sent(0), before);
});

test("a private key pays where one is given", async () => {
  await using directory = await temporaryDirectory();
  const [first, other] = [await sent(0), await sent(3)];
  const privateKey = chain.accounts[3]?.privateKey;
  assert.ok(privateKey);
  const deployment = await deployContracts({ rpcUrl, deploymentDir: directory.path, privateKey });
  assert.ok(await hasCode(deployment));
  assert.deepEqual([await sent(0), await sent(3)], [first, other + 4]);
});

test("a lost address file is written again from the journal, without new contracts", async () => {
  await using directory = await temporaryDirectory();
  const deploymentDir = directory.path;
  const deployment = await deployContracts({ rpcUrl, deploymentDir });
  const before = await sent(0);
  await rm(join(deploymentDir, `${chain.chainId}.json`));
  assert.deepEqual(await deployContracts({ rpcUrl, deploymentDir }), deployment);
  assert.equal(await sent(0), before);
});

test("contracts that vanished with their chain are deployed again", async () => {
  await using directory = await temporaryDirectory();
  const deploymentDir = directory.path;
  const snapshot = await callRpc<string>({ rpcUrl, method: "evm_snapshot" });
  await deployContracts({ rpcUrl, deploymentDir });
  await callRpc({ rpcUrl, method: "evm_revert", args: [snapshot] });
  const again = await deployContracts({ rpcUrl, deploymentDir });
  assert.ok(await hasCode(again));
});

test("faults: another chain, no chain, a malformed address file, a signal", async () => {
  await using directory = await temporaryDirectory();
  const deploymentDir = directory.path;
  await assert.rejects(deployContracts({ rpcUrl, deploymentDir, chainId: 1 }), code("wrong-chain"));
  const nowhere = "http://127.0.0.1:1";
  await assert.rejects(deployContracts({ rpcUrl: nowhere, deploymentDir }), code("chain-unreachable"));
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(deployContracts({ rpcUrl, deploymentDir, signal }), /stop/);
  assert.equal(await readDeployment({ deploymentDir, chainId: chain.chainId }), undefined);
  await writeFile(join(deploymentDir, `${chain.chainId}.json`), "{}");
  await assert.rejects(deployContracts({ rpcUrl, deploymentDir }), code("bad-config"));
});

test("an interrupted deployment ends with its signal and goes on with the next run", async () => {
  await using directory = await temporaryDirectory();
  const deploymentDir = directory.path;
  await chain.pause();
  const controller = new AbortController();
  const before = await sent(0);
  const interrupted = deployContracts({ rpcUrl, deploymentDir, signal: controller.signal });
  const stopped = assert.rejects(interrupted, /enough/);
  const address = chain.accounts[0]?.address;
  assert.ok(address);
  while ((await client.getTransactionCount({ address, blockTag: "pending" })) === before) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  controller.abort(new Error("enough"));
  await stopped;
  chain.resume();
  assert.ok(await hasCode(await deployContracts({ rpcUrl, deploymentDir })));
});

test("an address file is read strictly", () => {
  const good = {
    version: 4,
    chainId: 1,
    commitLog: `0x${"11".repeat(20)}`,
    identityRegistry: `0x${"22".repeat(20)}`,
    nodeRegistry: `0x${"33".repeat(20)}`,
    shards: 1,
    deployedBlock: 0,
    genesisHash: `0x${"44".repeat(32)}`,
  };
  assert.deepEqual(parseDeployment(JSON.stringify(good)), good);
  const withWallets = { ...good, passkeyWallets: `0x${"55".repeat(20)}` };
  assert.deepEqual(parseDeployment(JSON.stringify(withWallets)), withWallets);
  const bad = [
    { ...good, chainId: "1" },
    { ...good, deployedBlock: -1 },
    { ...good, deployedBlock: 0.5 },
    { ...good, commitLog: "0x11" },
    { ...good, passkeyWallets: "0x11" },
    { ...good, nodeRegistry: undefined },
    { ...good, genesisHash: good.commitLog },
    { ...good, shards: 0 },
    { ...good, shards: 257 },
    { ...good, shards: undefined },
    { ...good, version: 5 },
    { ...good, version: "3" },
  ].map((file) => JSON.stringify(file));
  for (const text of [...bad, "", "null", "[]", "{", "7"]) {
    assert.throws(() => parseDeployment(text), code("bad-config"), text);
  }
  for (const version of [undefined, 2, 1, 0]) {
    const text = JSON.stringify({ ...good, version });
    assert.throws(() => parseDeployment(text), code("old-network"), text);
  }
});
