import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { generatePrivateKey } from "viem/accounts";
import { openChain } from "../../src/chain/provider/openChain.ts";
import { readEntry } from "../../src/chain/read/readEntry.ts";
import { type AppendOutcome, relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { tendTransactions } from "../../src/chain/submit/tendTransactions.ts";
import { waitForTransaction } from "../../src/chain/submit/waitForTransaction.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { isWeftError } from "../../src/errors.ts";
import type { Append } from "../../src/wire/append.ts";
import { asId, type EntryId } from "../../src/wire/ids.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTcpProxy } from "../support/tcpProxy.ts";
import { type TestEntry, testEntry, testGroup } from "../support/testGroup.ts";
import { until } from "../support/until.ts";
import { startRpcShim } from "./rpcShim.ts";

let local: TestChain;
let relayer: Relayer;

before(async () => {
  local = await startTestChain();
  relayer = newRelayer(3);
});
after(() => local[Symbol.asyncDispose]());

function newRelayer(index: number): Relayer {
  const account = local.accounts[index];
  assert(account);
  return openRelayer({ privateKey: account.privateKey });
}

const relay = (append: Append) => relayAppend({ chain: local.chain, relayer, append });

const rpc = <T>(method: string, args: readonly unknown[] = []) =>
  callRpc<T>({ rpcUrl: local.rpcUrl, method, args });

function firstEntry(size?: number): TestEntry {
  const { group, genesis } = testGroup();
  const sized = size === undefined ? {} : { size };
  return testEntry({ network: local.network, group, parent: group, signer: genesis, ...sized });
}

function childOf(parent: TestEntry, limit: number): TestEntry {
  const { network } = local;
  return testEntry({
    network,
    group: parent.append.group,
    parent: parent.id,
    signer: parent.authority,
    limit,
  });
}

async function landed(outcome: AppendOutcome): Promise<void> {
  assert.equal(outcome.kind, "submitted", JSON.stringify(outcome));
  if (outcome.kind !== "submitted") return;
  const result = await waitForTransaction({ chain: local.chain, transaction: outcome.transaction });
  assert.equal(result.kind, "mined");
}

async function landedEntry(): Promise<TestEntry> {
  const entry = firstEntry();
  await landed(await relay(entry.append));
  return entry;
}

/** Says which account lacks how much. */
function isUnfunded(error: unknown, { address }: Relayer): boolean {
  return (
    isWeftError(error, "unfunded") &&
    error.message.includes(address) &&
    /a call takes 0\.\d+$/.test(error.message)
  );
}

const stateOf = ({ id, append }: TestEntry) => readEntry({ chain: local.chain, group: append.group, id });

const pendingNonce = (of: Relayer) => rpc<string>("eth_getTransactionCount", [of.address, "pending"]);

test("entries of every size land with the gas that they need", async () => {
  for (const size of [0, 1_000, 16_000, MAX_ENTRY_PAYLOAD_BYTES - 33]) {
    const entry = firstEntry(size);
    await landed(await relay(entry.append));
    const state = await stateOf(entry);
    assert.deepEqual([state?.authority, state?.index, state?.children], [entry.authority.address, 0, 0]);
  }
  assert.equal((await relay(firstEntry(MAX_ENTRY_PAYLOAD_BYTES - 32).append)).kind, "refused");
});

test("every outcome has its name, and a refused append costs nothing", async () => {
  const parent = await landedEntry();
  const [won, lost] = [childOf(parent, 0), childOf(parent, 0)];
  await landed(await relay(won.append));
  const before = await pendingNonce(relayer);

  assert.deepEqual(await relay(lost.append), { kind: "stale", children: 1 });
  assert.deepEqual(await relay(won.append), { kind: "exists" });
  const codeOf = async (append: Append) => {
    const outcome = await relay(append);
    return outcome.kind === "refused" ? outcome.code : outcome.kind;
  };
  const second = childOf(parent, 1).append;
  assert.equal(await codeOf({ ...second, limit: 2 }), "bad-signature");
  assert.equal(await codeOf({ ...second, signature: new Uint8Array(65) }), "bad-signature");
  assert.equal(await codeOf({ ...second, signature: new Uint8Array(64) }), "bad-signature");
  const nowhere: EntryId = asId("0x".padEnd(66, "7"));
  assert.equal(await codeOf({ ...second, parent: nowhere }), "unknown-parent");
  assert.equal(await codeOf({ ...second, group: testGroup().group }), "unknown-parent");
  const zero = asId<EntryId>("0x".padEnd(66, "0")).slice(0, 42) as Append["authority"];
  assert.equal(await codeOf({ ...second, authority: zero }), "malformed");
  const huge = new Uint8Array(MAX_ENTRY_PAYLOAD_BYTES + 1).fill(1);
  assert.equal(await codeOf({ ...second, payload: huge }), "too-large");
  assert.equal(await pendingNonce(relayer), before);
  assert.equal((await stateOf(parent))?.children, 1);
});

test("what belongs to the mesh never gets on the chain", async () => {
  const parent = await landedEntry();
  const before = await pendingNonce(relayer);
  const notAnEntry = fc.uint8Array({ maxLength: 100 }).filter(([first]) => first !== 1);
  await fc.assert(
    fc.asyncProperty(notAnEntry, async (payload) => {
      const outcome = await relay({ ...childOf(parent, 0).append, payload });
      assert(outcome.kind === "refused" && outcome.code === "mesh-payload-on-chain");
    }),
  );
  assert.equal(await pendingNonce(relayer), before);
});

test("of twenty appends at once with the same limit one lands, and the others cost nothing", async () => {
  const parent = await landedEntry();
  const rivals = Array.from({ length: 20 }, () => childOf(parent, 0));
  const before = Number(await pendingNonce(relayer));
  const outcomes = await Promise.all(rivals.map(({ append }) => relay(append)));
  const kinds = outcomes.map(({ kind }) => kind).sort();
  assert.deepEqual(kinds, [...Array(19).fill("stale"), "submitted"]);
  assert.equal(Number(await pendingNonce(relayer)), before + 1);
  for (const outcome of outcomes) if (outcome.kind === "submitted") await landed(outcome);
  assert.equal((await stateOf(parent))?.children, 1);
});

test("twenty appends at once by one account all land, in the order of the calls", async () => {
  const parent = await landedEntry();
  const entries = Array.from({ length: 20 }, () => childOf(parent, 19));
  const outcomes = await Promise.all(entries.map(({ append }) => relay(append)));
  for (const outcome of outcomes) await landed(outcome);
  const states = await Promise.all(entries.map(stateOf));
  assert.deepEqual(
    states.map((state) => state?.index),
    entries.map((_, i) => i),
  );
});

test("transactions that the chain dropped are sent again and hold up nobody", async () => {
  await local.pause();
  const entries = Array.from({ length: 5 }, () => firstEntry());
  const sent = [];
  for (const { append } of entries) sent.push(await relay(append));
  const [, second, , fourth] = sent;
  assert(second?.kind === "submitted" && fourth?.kind === "submitted");
  await rpc("anvil_dropTransaction", [second.transaction]);
  await rpc("anvil_dropTransaction", [fourth.transaction]);
  const last = firstEntry();
  const outcome = await relay(last.append);
  await local.mine(2);
  await landed(outcome);
  for (const entry of entries) assert((await stateOf(entry)) !== undefined);
  local.resume();
});

test("transactions that a reorg dropped leave no gap, and their appends can be sent again", async () => {
  await local.pause();
  const entries = Array.from({ length: 4 }, () => firstEntry());
  for (const { append } of entries) {
    const outcome = await relay(append);
    await local.mine(1);
    await landed(outcome);
  }
  assert.deepEqual(await local.reorg({ depth: 3 }), { kind: "done" });
  const outcomes = [];
  for (const { append } of entries) outcomes.push(await relay(append));
  await local.mine(1);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ["exists", "submitted", "submitted", "submitted"],
  );
  for (const entry of entries) assert((await stateOf(entry)) !== undefined);
  local.resume();
});

test("two relayers with one entry: one of them pays, both succeed", async () => {
  const other = newRelayer(4);
  const entry = firstEntry();
  const outcomes = await Promise.all(
    [relayer, other].map((by) => relayAppend({ chain: local.chain, relayer: by, append: entry.append })),
  );
  for (const outcome of outcomes) {
    assert(outcome.kind === "submitted" || outcome.kind === "exists");
    if (outcome.kind !== "submitted") continue;
    // If both were sent, the later one reverts with Exists.
    const { kind } = await waitForTransaction({ chain: local.chain, transaction: outcome.transaction });
    assert(kind === "mined" || kind === "reverted");
  }
  assert((await stateOf(entry)) !== undefined);
  assert.deepEqual(await relayAppend({ chain: local.chain, relayer: other, append: entry.append }), {
    kind: "exists",
  });
});

test("while the chain stands still, appends wait up to a bound, and waiting is no failure", async () => {
  await local.pause();
  const patient = newRelayer(5);
  const append = (entry: TestEntry) =>
    relayAppend({ chain: local.chain, relayer: patient, append: entry.append });
  const first = await append(firstEntry());
  assert(first.kind === "submitted");
  const wait = { chain: local.chain, transaction: first.transaction, timeoutMs: 50 };
  assert.deepEqual(await waitForTransaction(wait), { kind: "pending" });
  const signal = AbortSignal.abort();
  assert.deepEqual(await waitForTransaction({ ...wait, timeoutMs: 60_000, signal }), { kind: "pending" });
  for (let i = 1; i < 64; i++) assert.equal((await append(firstEntry())).kind, "submitted");
  await assert.rejects(append(firstEntry()), (error) => isWeftError(error, "limit-exceeded"));
  local.resume();
  await landed(first);
  await landed(await append(firstEntry()));
});

test("a transaction that offers less than blocks cost now is outbid, and holds up nobody", async () => {
  await local.pause();
  const patient = newRelayer(7);
  const [cheap, behind] = [firstEntry(), firstEntry()];
  const append = (entry: TestEntry) =>
    relayAppend({ chain: local.chain, relayer: patient, append: entry.append });
  assert.equal((await append(cheap)).kind, "submitted");
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0xe8d4a51000"]);
  await local.mine(1);
  assert.equal(await stateOf(cheap), undefined, "it waits for a cheaper block");
  const outcome = await append(behind);
  await local.mine(1);
  await landed(outcome);
  for (const entry of [cheap, behind]) assert((await stateOf(entry)) !== undefined);
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0x0"]);
  local.resume();
});

test("what an earlier process has sent too cheaply makes way, and what follows lands", async () => {
  const count = async () => await rpc<string>("eth_getTransactionCount", [newRelayer(9).address, "latest"]);
  const counted = Number(await count());
  // Anvil leaves out of its count what blocks cost too much for; other nodes do not.
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params }) => {
      if (method !== "eth_getTransactionCount" || params[1] !== "pending") return undefined;
      return { jsonrpc: "2.0", id: 1, result: `0x${(counted + 1).toString(16)}` };
    },
  });
  const chain = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
  await local.pause();
  const dear = "0xe8d4a51000";
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0x0"]);
  await local.mine(1);
  const [lost, next] = [firstEntry(), firstEntry()];
  const append = (by: Relayer, entry: TestEntry, on = local.chain) =>
    relayAppend({ chain: on, relayer: by, append: entry.append });
  assert.equal((await append(newRelayer(9), lost)).kind, "submitted");
  const again = newRelayer(9);
  await rpc("anvil_setNextBlockBaseFeePerGas", [dear]);
  await local.mine(1);
  assert.equal((await append(again, next, chain)).kind, "submitted");
  await until("what follows lands", async () => {
    await rpc("anvil_setNextBlockBaseFeePerGas", [dear]);
    await local.mine(1);
    await tendTransactions({ chain, relayer: again });
    return (await stateOf(next)) !== undefined;
  });
  assert.equal(await stateOf(lost), undefined);
  assert.equal(Number(await count()), counted + 2);
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0x0"]);
  local.resume();
  await landed(await append(newRelayer(9), lost));
});

test("a call ends with its signal, and the one behind it goes on", async () => {
  let isStuck = true;
  const asked = Promise.withResolvers<void>();
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method }) => {
      if (!isStuck || method !== "eth_maxPriorityFeePerGas") return undefined;
      asked.resolve();
      return "hang";
    },
  });
  const chain = await openChain({ rpcUrl: shim.rpcUrl, network: local.network });
  const ending = new AbortController();
  const cut = newRelayer(8);
  const stuck = relayAppend({ chain, relayer: cut, append: firstEntry().append, signal: ending.signal });
  const behind = relayAppend({ chain, relayer: cut, append: firstEntry().append });
  await asked.promise;
  isStuck = false;
  ending.abort(new Error("enough"));
  await assert.rejects(stuck, /enough/);
  await landed(await behind);
});

test("an account without funds and an RPC that is away are faults, and the queue goes on", async () => {
  const poor = openRelayer({ privateKey: generatePrivateKey() });
  const { append } = firstEntry();
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0x3b9aca00"]);
  await assert.rejects(relayAppend({ chain: local.chain, relayer: poor, append }), (error) =>
    isUnfunded(error, poor),
  );
  await rpc("anvil_setNextBlockBaseFeePerGas", ["0x0"]);

  await using proxy = await startTcpProxy({ port: Number(new URL(local.rpcUrl).port) });
  const chain = await openChain({ rpcUrl: `http://127.0.0.1:${proxy.port}`, network: local.network });
  const cut = newRelayer(6);
  proxy.cut();
  await assert.rejects(relayAppend({ chain, relayer: cut, append }), (error) =>
    isWeftError(error, "chain-unreachable"),
  );
  proxy.mend();
  await landed(await relayAppend({ chain, relayer: cut, append }));
});
