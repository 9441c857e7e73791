import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { createClient, http } from "viem";
import { followChain } from "../../src/chain/follow/followChain.ts";
import type { Chain } from "../../src/chain/provider/chain.ts";
import { openChain } from "../../src/chain/provider/openChain.ts";
import { readHeader } from "../../src/chain/provider/readHeader.ts";
import { relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { startLocalChain } from "../../src/devnet/startLocalChain.ts";
import { isWeftError } from "../../src/errors.ts";
import { deployTestContracts } from "../support/deployTestContracts.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTcpProxy } from "../support/tcpProxy.ts";
import { type TestEntry, testEntry, testGroup } from "../support/testGroup.ts";
import { type Held, nothingHeld, startFollower } from "./follower.ts";
import { startRpcShim } from "./rpcShim.ts";

let local: TestChain;
let relayer: Relayer;

before(async () => {
  local = await startTestChain();
  // Blocks come when a test wants them.
  await local.pause();
  const account = local.accounts[2];
  assert(account);
  relayer = openRelayer({ privateKey: account.privateKey });
});
after(() => local[Symbol.asyncDispose]());

/** Puts first entries of new groups into the next block. */
async function appendEntries(count: number): Promise<TestEntry[]> {
  const { chain, network } = local;
  const entries: TestEntry[] = [];
  for (let i = 0; i < count; i++) {
    const { group, genesis } = testGroup();
    const entry = testEntry({ network, group, parent: group, signer: genesis });
    const outcome = await relayAppend({ chain, relayer, append: entry.append });
    assert.equal(outcome.kind, "submitted");
    entries.push(entry);
  }
  await local.mine(1);
  return entries;
}

async function headOf(chain: Chain) {
  const head = await readHeader({ chain, block: "latest" });
  assert(head);
  return head;
}

const idsOf = (held: Held) => held.records.flatMap((record) => (record.kind === "entry" ? [record.id] : []));

/** The entries that the chain holds now, read in another way. */
async function idsOnChain(): Promise<string[]> {
  const filter = { fromBlock: "0x0", toBlock: "latest", address: local.network.commitLog };
  const logs = await callRpc<{ topics: string[] }[]>({
    rpcUrl: local.rpcUrl,
    method: "eth_getLogs",
    args: [filter],
  });
  return logs.map(({ topics }) => topics[2] ?? "");
}

async function reorg(depth: number): Promise<void> {
  assert.deepEqual(await local.reorg({ depth }), { kind: "done" });
}

test("history and live are one stream, in pages of any size", async () => {
  await appendEntries(3);
  await local.mine(40);
  await appendEntries(2);
  await local.mine(30);
  for (const maxBlocksPerPage of [1, 7, 5_000]) {
    const follower = startFollower({ chain: local.chain, maxBlocksPerPage });
    const head = await headOf(local.chain);
    await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
    const [live] = await appendEntries(1);
    assert(live);
    await follower.until((held) => idsOf(held).includes(live.id));
    const held = await follower.stop();
    assert.deepEqual(idsOf(held), await idsOnChain());
    const found = held.records.find((record) => record.kind === "entry" && record.id === live.id);
    assert(found?.kind === "entry");
    assert.deepEqual(found.payload, live.append.payload);
    assert.equal(found.authority, live.authority.address);
    assert.equal(found.parent, live.append.group);
    assert.equal(found.block.hash, (await headOf(local.chain)).hash);
    assert(Math.abs(found.block.time - Date.now() / 1000) < 60);
  }
});

test("a follower goes on where its cursor says, and says at once where it stands", async () => {
  const first = startFollower({ chain: local.chain });
  await first.until(({ blocks }) => blocks.length > 0);
  const [entry] = await appendEntries(1);
  assert(entry);
  await first.until((held) => idsOf(held).includes(entry.id));
  const held = await first.stop();
  const second = startFollower({ chain: local.chain, held: { ...held, records: [] } });
  await local.mine(3);
  const [late] = await appendEntries(1);
  assert(late);
  await second.until(({ records }) => records.length > 0);
  assert.deepEqual(idsOf(await second.stop()), [late.id]);

  const cursor = [await headOf(local.chain)];
  for await (const event of followChain({ chain: local.chain, cursor })) {
    assert(event.kind === "page");
    assert.equal(event.head.hash, event.to.hash);
    assert.deepEqual(event.blocks, []);
    break;
  }
});

test("a reorg of any depth rolls back to the fork and replays once", async () => {
  for (const depth of [1, 2, 3, 5, 12, 30]) {
    await local.mine(1);
    const kept = await appendEntries(1);
    const fork = await headOf(local.chain);
    const dropped: TestEntry[] = [];
    while ((await headOf(local.chain)).number < fork.number + depth)
      dropped.push(...(await appendEntries(1)));
    const follower = startFollower({ chain: local.chain });
    const head = await headOf(local.chain);
    await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
    assert(dropped.every(({ id }) => idsOf(follower.held()).includes(id)));

    await reorg(depth);
    // Some of the dropped land again, in another block.
    const again = dropped.filter((_, i) => i % 2 === 0);
    for (const { append } of again) await relayAppend({ chain: local.chain, relayer, append });
    await local.mine(1);
    const newHead = await headOf(local.chain);
    await follower.until(({ blocks }) => blocks.at(-1)?.hash === newHead.hash);
    const held = await follower.stop();
    const [rolledTo] = follower.rollbacks;
    assert.equal(follower.rollbacks.length, 1);
    assert(rolledTo !== undefined && rolledTo.number <= fork.number);
    // Near the head every block is known, so the fork is found exactly.
    if (depth <= 8) assert.equal(rolledTo.hash, fork.hash);
    assert.deepEqual(idsOf(held), await idsOnChain());
    assert(idsOf(held).includes(kept[0]?.id ?? assert.fail()));
    assert.equal(idsOf(held).filter((id) => dropped.some((entry) => entry.id === id)).length, again.length);
  }
});

test("a reorg while nobody followed is seen from the cursor", async () => {
  const first = startFollower({ chain: local.chain });
  await appendEntries(2);
  const head = await headOf(local.chain);
  await first.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
  const held = await first.stop();
  await reorg(2);
  const [entry] = await appendEntries(1);
  assert(entry);
  const second = startFollower({ chain: local.chain, held });
  await second.until((now) => idsOf(now).includes(entry.id));
  assert.equal(second.rollbacks.length, 1);
  assert.deepEqual(idsOf(await second.stop()), await idsOnChain());
});

test("a cursor of which nothing is on the chain starts over", async () => {
  const head = await headOf(local.chain);
  const lost = { ...nothingHeld, blocks: [{ ...head, hash: local.network.genesisHash }] };
  const follower = startFollower({ chain: local.chain, held: lost });
  await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
  assert.deepEqual(
    follower.rollbacks.map(({ hash }) => BigInt(hash)),
    [0n],
  );
  assert.deepEqual(idsOf(await follower.stop()), await idsOnChain());
});

test("an RPC that goes away and comes back loses nothing", async () => {
  await using proxy = await startTcpProxy({ port: Number(new URL(local.rpcUrl).port) });
  const chain = await openChain({ rpcUrl: `http://127.0.0.1:${proxy.port}`, network: local.network });
  const follower = startFollower({ chain });
  for (let round = 0; round < 4; round++) {
    await appendEntries(2);
    proxy.cut();
    const seen = follower.faults.length;
    const [missed] = await appendEntries(1);
    assert(missed);
    await local.mine(10);
    while (follower.faults.length === seen) await new Promise(setImmediate);
    proxy.mend();
    await follower.until((held) => idsOf(held).includes(missed.id));
  }
  const head = await headOf(local.chain);
  await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
  assert.deepEqual(idsOf(await follower.stop()), await idsOnChain());
});

test("ranges that the RPC refuses are asked for in parts", async () => {
  await local.mine(200);
  let widest = 0;
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params: [filter] }) => {
      if (method !== "eth_getLogs") return undefined;
      const { fromBlock, toBlock } = filter as { fromBlock?: string; toBlock?: string };
      const blocks = fromBlock === undefined ? 1 : Number(toBlock) - Number(fromBlock) + 1;
      if (blocks > 10) return { error: { code: -32005, message: "query exceeds max block range 10" } };
      widest = Math.max(widest, blocks);
      return undefined;
    },
  });
  const chain = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
  const follower = startFollower({ chain, maxBlocksPerPage: 1_000 });
  const head = await headOf(local.chain);
  await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
  assert.deepEqual(idsOf(await follower.stop()), await idsOnChain());
  assert(widest > 1 && widest <= 10);
  assert.equal(follower.faults.length, 0);
});

test("an RPC that answers from nodes which lag behind causes no rollback and hides no record", async () => {
  let random = 1;
  let lagging = false;
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params: [filter] }) => {
      // One answer in seven comes from a node which knows none of the newest blocks.
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      if (!lagging || random > 2 ** 31 / 7) return undefined;
      if (method === "eth_getBlockByNumber") return { result: null };
      const byHash = method === "eth_getLogs" && "blockHash" in (filter as object);
      return byHash ? { error: { code: -32000, message: "unknown block" } } : undefined;
    },
  });
  const chain = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
  lagging = true;
  const follower = startFollower({ chain });
  for (let i = 0; i < 5; i++) {
    const [entry] = await appendEntries(1);
    assert(entry);
    await follower.until((held) => idsOf(held).includes(entry.id));
  }
  assert.deepEqual(idsOf(await follower.stop()), await idsOnChain());
  assert.deepEqual(follower.rollbacks, []);
  assert(follower.faults.length > 0);
});

test("any history of entries, reorgs, cuts and restarts ends with what the chain holds", async () => {
  await using proxy = await startTcpProxy({ port: Number(new URL(local.rpcUrl).port) });
  const chain = await openChain({ rpcUrl: `http://127.0.0.1:${proxy.port}`, network: local.network });
  const step = fc.oneof(
    fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constant("mine" as const), count: fc.integer({ min: 1, max: 25 }) }),
    fc.record({ do: fc.constant("reorg" as const), count: fc.integer({ min: 1, max: 20 }) }),
    fc.record({
      do: fc.constantFrom("cut" as const, "mend" as const, "restart" as const),
      count: fc.constant(0),
    }),
  );
  // Deeper reorgs would take the contracts away.
  const oldest = (await headOf(local.chain)).number - 20;
  let held = nothingHeld;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(1, 4, 1_000),
      fc.constantFrom(0, 3, 16),
      async (steps, maxBlocksPerPage, finalityBlocks) => {
        const start = () => startFollower({ chain, held, maxBlocksPerPage, finalityBlocks });
        let follower = start();
        for (const { do: what, count } of steps) {
          if (what === "append") await appendEntries(count);
          else if (what === "mine") await local.mine(count);
          else if (what === "reorg")
            await reorg(Math.min(count, (await headOf(local.chain)).number - oldest));
          else if (what === "cut") proxy.cut();
          else if (what === "mend") proxy.mend();
          else {
            held = await follower.stop();
            follower = start();
          }
        }
        proxy.mend();
        const head = await headOf(local.chain);
        await follower.until(({ blocks }) => blocks.at(-1)?.hash === head.hash);
        held = await follower.stop();
        assert.deepEqual(idsOf(held), await idsOnChain());
      },
    ),
    { numRuns: 12 },
  );
});

test("an RPC that turns to another chain ends the follower", async () => {
  await using other = await startLocalChain({ kind: "anvil", blockMs: 20 });
  const client = createClient({ transport: http(other.rpcUrl) });
  const head = await headOf(local.chain);
  await callRpc({ rpcUrl: other.rpcUrl, method: "anvil_mine", args: [`0x${head.number.toString(16)}`] });
  const cursor = [head];
  const events = followChain({ chain: { ...local.chain, client }, cursor });
  await assert.rejects(
    async () => {
      for await (const event of events) if (event.kind === "page" && event.records.length > 0) return;
    },
    (error) => isWeftError(error, "wrong-chain"),
  );
});

test("a chain that went back before the contracts is another one, also where its first blocks are equal", async () => {
  await using chain = await startLocalChain({ kind: "anvil", blockMs: 20 });
  const { rpcUrl } = chain;
  const snapshot = await callRpc<string>({ rpcUrl, method: "evm_snapshot" });
  const network = await deployTestContracts({ rpcUrl, settings: {} });
  const opened = await openChain({ rpcUrl, network });
  // One may say that it was deployed earlier: what is known then starts with blocks that both chains have.
  const earlier = { ...opened, network: { ...network, deployedBlock: 1 } };
  const signal = AbortSignal.timeout(30_000);
  const reverted = async () => {
    for await (const event of followChain({ chain: earlier, cursor: [], pollMs: 10, signal })) {
      assert.equal(event.kind, "page");
      if (event.to.number > network.deployedBlock)
        await callRpc({ rpcUrl, method: "evm_revert", args: [snapshot] });
    }
  };
  await assert.rejects(reverted, (error) => isWeftError(error, "wrong-chain"));
});

test("opening refuses another chain id, another genesis, missing contracts and a dead address", async () => {
  const { rpcUrl, network } = local;
  for (const wrong of [
    { ...network, chainId: 1 },
    {
      ...network,
      genesisHash: network.genesisHash.replace(/.$/, (d) => (d === "0" ? "1" : "0")) as `0x${string}`,
    },
    { ...network, nodeRegistry: relayer.address },
  ]) {
    await assert.rejects(openChain({ rpcUrl, network: wrong }), (error) => isWeftError(error, "wrong-chain"));
  }
  const dead = openChain({ rpcUrl: "http://127.0.0.1:9", network });
  await assert.rejects(dead, (error) => isWeftError(error, "chain-unreachable"));
  const signal = AbortSignal.abort(new Error("stop"));
  await assert.rejects(openChain({ rpcUrl, network, signal }), /stop/);
});
