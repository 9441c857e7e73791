import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { isWeftError } from "../../src/errors.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

async function headOf(rpcUrl: string): Promise<number> {
  return Number(await callRpc<string>({ rpcUrl, method: "eth_blockNumber" }));
}

/** Polls until the condition holds; the test runner's timeout is the bound. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

const answers = (rpcUrl: string) =>
  headOf(rpcUrl).then(
    () => true,
    () => false,
  );

for (const kind of ["anvil", "hardhat"] as const) {
  test(`${kind} mines by itself, stands still when paused and goes on`, async () => {
    const local = await startLocalChain({ kind, blockMs: 10, chainId: 4_242 });
    const { rpcUrl } = local;
    assert.equal(Number(await callRpc<string>({ rpcUrl, method: "eth_chainId" })), 4_242);
    await until(async () => (await headOf(rpcUrl)) >= 5);
    await local.pause();
    const head = await headOf(rpcUrl);
    await local.mine(3);
    await sleep(50);
    assert.equal(await headOf(rpcUrl), head + 3);
    const outcome = await local.reorg({ depth: 2 });
    if (kind === "anvil") assert.deepEqual(outcome, { kind: "done" });
    else assert.deepEqual(outcome, { kind: "refused", reason: "not-supported" });
    assert.equal(await headOf(rpcUrl), head + 3);
    local.resume();
    await until(async () => (await headOf(rpcUrl)) > head + 3);
    for (const { address } of local.accounts) {
      const balance = await callRpc<string>({ rpcUrl, method: "eth_getBalance", args: [address, "latest"] });
      assert(BigInt(balance) >= 10n ** 21n);
    }
    await local[Symbol.asyncDispose]();
    await local.exited;
    assert.equal(await answers(rpcUrl), false);
  });
}

test("a reorg goes no deeper than the chain", async () => {
  await using local = await startLocalChain({ kind: "anvil" });
  await local.pause();
  assert.deepEqual(await local.reorg({ depth: await headOf(local.rpcUrl) }), {
    kind: "refused",
    reason: "too-deep",
  });
  await local.mine(100);
  assert.deepEqual(await local.reorg({ depth: 60 }), { kind: "done" });
  assert.deepEqual(await local.reorg({ depth: 65 }), { kind: "refused", reason: "too-deep" });
});

test("a chain with a directory goes on where it was", async () => {
  await using directory = await temporaryDirectory();
  const start = () => startLocalChain({ kind: "anvil", stateDir: directory.path, blockMs: 10 });
  const first = await start();
  await first.mine(20);
  await first.pause();
  const [head, genesis] = [await headOf(first.rpcUrl), await genesisOf(first.rpcUrl)];
  await first[Symbol.asyncDispose]();
  await using second = await start();
  assert((await headOf(second.rpcUrl)) >= head);
  assert.equal(await genesisOf(second.rpcUrl), genesis);
});

test("aborting ends the chain, and a port in use is a fault", async () => {
  const abort = new AbortController();
  const first = await startLocalChain({ kind: "anvil", signal: abort.signal });
  const port = Number(new URL(first.rpcUrl).port);
  await assert.rejects(startLocalChain({ kind: "anvil", port }), (error) =>
    isWeftError(error, "chain-unreachable"),
  );
  abort.abort();
  await first.exited;
  assert.equal(await answers(first.rpcUrl), false);
});

for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
  test(`a chain dies with its parent on ${signal}`, async () => {
    const module = fileURLToPath(new URL("../../src/devnet/startLocalChain.ts", import.meta.url));
    const program = `
      import { startLocalChain } from ${JSON.stringify(module)};
      console.log((await startLocalChain({ kind: "anvil" })).rpcUrl);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [rpcUrl] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    assert.equal(await answers(rpcUrl), true);
    parent.kill(signal);
    await until(async () => !(await answers(rpcUrl)));
  });
}

async function genesisOf(rpcUrl: string): Promise<string> {
  const args = ["0x0", false];
  return (await callRpc<{ hash: string }>({ rpcUrl, method: "eth_getBlockByNumber", args })).hash;
}
