import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { keccak256 } from "viem";
import type { Chain } from "../../src/chain/provider/chain.ts";
import { openChain } from "../../src/chain/provider/openChain.ts";
import { blockRefOf, readHeader } from "../../src/chain/provider/readHeader.ts";
import { watchProviders } from "../../src/chain/provider/watchProviders.ts";
import { readEntry } from "../../src/chain/read/readEntry.ts";
import { relayAppend } from "../../src/chain/relay/relayAppend.ts";
import { openRelayer, type Relayer } from "../../src/chain/submit/openRelayer.ts";
import { tendTransactions } from "../../src/chain/submit/tendTransactions.ts";
import { steadyMs } from "../../src/clock/steadyMs.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { isWeftError } from "../../src/errors.ts";
import type { ChainRecord } from "../../src/wire/chainRecord.ts";
import type { Hex } from "../../src/wire/ids.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { type TestEntry, testEntry, testGroup } from "../support/testGroup.ts";
import { until } from "../support/until.ts";
import { startFollower } from "./follower.ts";
import { type Intercept, startRpcShim } from "./rpcShim.ts";
import { startStickyRpc } from "./stickyRpc.ts";

let local: TestChain;
let account = 0;

before(async () => {
  local = await startTestChain();
});
after(() => local[Symbol.asyncDispose]());

/** Of an account that nobody else uses. */
function newRelayer(maxFeeGwei?: number): Relayer {
  const { privateKey } = local.accounts[++account] ?? { privateKey: "0x" };
  return openRelayer({ privateKey, ...(maxFeeGwei === undefined ? {} : { maxFeeGwei }) });
}

function firstEntry(): TestEntry {
  const { group, genesis } = testGroup();
  return testEntry({ network: local.network, group, parent: group, signer: genesis });
}

const open = (...rpcUrl: string[]): Promise<Chain> => openChain({ rpcUrl, network: local.network });

const hasLanded = async ({ append: { group }, id }: TestEntry): Promise<boolean> =>
  (await readEntry({ chain: local.chain, group, id })) !== undefined;

async function tendUntil(params: { chain: Chain; relayer: Relayer; entries: readonly TestEntry[] }) {
  const { chain, relayer, entries } = params;
  await until("all landed", async () => {
    await tendTransactions({ chain, relayer });
    return (await Promise.all(entries.map(hasLanded))).every(Boolean);
  });
}

const rpc = (method: string, ...args: unknown[]) => callRpc({ rpcUrl: local.rpcUrl, method, args });

test("a provider that fails, in whatever way, is passed over, and is not asked again at once", async () => {
  const ways: Record<string, ReturnType<Intercept>> = {
    "takes no more calls": { status: 429 },
    "wants to be paid": { status: 402 },
    "is broken": { status: 500 },
    "answers with a page": { status: 200 },
    "says that it is limited": { error: { code: -32_005, message: "limit exceeded" } },
    "does not know its methods": { error: { code: -32_601, message: "no such method" } },
    "never answers": "hang",
  };
  for (const [way, answer] of Object.entries(ways)) {
    let isWell = true;
    let asked = 0;
    const intercept: Intercept = ({ method }) => {
      asked++;
      // One that refuses ranges is asked for narrower ones.
      const isRange = method === "eth_getLogs" && typeof answer === "object" && "error" in answer;
      return isWell || isRange ? undefined : answer;
    };
    await using shim = await startRpcShim({ rpcUrl: local.rpcUrl, intercept });
    const chain = await open(shim.rpcUrl, local.rpcUrl);
    const [first] = chain.providers.all;
    isWell = false;
    const entry = firstEntry();
    const outcome = await relayAppend({ chain, relayer: newRelayer(), append: entry.append });
    assert.equal(outcome.kind, "submitted", way);
    await until(`it landed though one ${way}`, () => hasLanded(entry));
    if (way === "does not know its methods") continue;
    assert.notEqual(chain.providers.current, first, way);
    assert(first.restsUntilMs > steadyMs(), way);
    const before = asked;
    await chain.client.request({ method: "eth_chainId" });
    assert.equal(asked, before, way);
  }
});

test("one provider that serves the network is enough to start; none is named for what it is", async () => {
  await using other = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method }) => (method === "eth_chainId" ? { result: "0x1" } : undefined),
  });
  const dead = "http://127.0.0.1:9/a-secret-key";
  const chain = await open(dead, other.rpcUrl, local.rpcUrl);
  assert.match(chain.providers.current.name, /3 of 3/);
  assert.match(chain.providers.all[1]?.reason ?? "", /chain 1 instead/);
  await assert.rejects(open(other.rpcUrl, other.rpcUrl), (error) => isWeftError(error, "wrong-chain"));
  await assert.rejects(open(dead, other.rpcUrl), (error) => {
    return isWeftError(error, "chain-unreachable") && !error.message.includes("secret");
  });
  await assert.rejects(open(), (error) => isWeftError(error, "bad-config"));
});

test("a provider that stands still is left for another, whoever reads on misses nothing, and it is used again later", async () => {
  await using sticky = await startStickyRpc({ rpcUrl: local.rpcUrl });
  const chain = await open(sticky.rpcUrl, local.rpcUrl);
  const turns: string[] = [];
  chain.providers.onTurn = ({ reason }) => turns.push(reason);
  const stop = new AbortController();
  const watching = watchProviders({ chain, signal: stop.signal });
  const follower = startFollower({ chain });
  await sticky.stick();
  const entry = firstEntry();
  await relayAppend({ chain: local.chain, relayer: newRelayer(), append: entry.append });
  await follower.until(({ records }) => records.some((one) => one.kind === "entry" && one.id === entry.id));
  assert.match(turns[0] ?? "", /at block \d+ while another one had \d+/);
  sticky.goOn();
  await until("it is used again", () => chain.providers.current === chain.providers.all[0]);
  stop.abort();
  await watching;
  await follower.stop();
  assert.deepEqual(follower.rollbacks, []);
});

test("a provider that turns to another chain ends nothing where there is another", async () => {
  let isOther = false;
  const forged: Hex = `0x${"77".repeat(32)}`;
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params: [block] }) => {
      if (!isOther) return undefined;
      if (method === "eth_chainId") return { result: "0x1" };
      if (method !== "eth_getBlockByNumber") return undefined;
      const number = block === "latest" ? "0xffffff" : block;
      return { result: { number, hash: forged, parentHash: forged, timestamp: "0x1" } };
    },
  });
  const chain = await open(shim.rpcUrl, local.rpcUrl);
  const follower = startFollower({ chain });
  await follower.until(({ blocks }) => blocks.length > 0);
  isOther = true;
  const entry = firstEntry();
  await relayAppend({ chain: local.chain, relayer: newRelayer(), append: entry.append });
  await follower.until(({ records }) => records.some((one) => one.kind === "entry" && one.id === entry.id));
  assert.deepEqual(follower.rollbacks, []);
  await follower.stop();
});

test("transactions that a provider takes and loses are sent again by another, and leave no gap", async () => {
  let loses = true;
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params: [raw] }) =>
      loses && method === "eth_sendRawTransaction" ? { result: keccak256(raw as Hex) } : undefined,
  });
  const entries = Array.from({ length: 3 }, firstEntry);
  const [chain, relayer] = [await open(shim.rpcUrl, local.rpcUrl), newRelayer()];
  for (const { append } of entries) await relayAppend({ chain, relayer, append });
  await tendUntil({ chain, relayer, entries });

  const alone = { chain: await open(shim.rpcUrl), relayer: newRelayer() };
  const [lost, later] = [firstEntry(), firstEntry()];
  await relayAppend({ ...alone, append: lost.append });
  await until("it is named", async () => {
    await tendTransactions(alone);
    return alone.relayer.trouble?.code === "chain-unreachable";
  });
  await assert.rejects(relayAppend({ ...alone, append: later.append }), (error) => {
    return isWeftError(error, "chain-unreachable") && /loses what it is sent/.test(error.message);
  });
  loses = false;
  await tendUntil({ ...alone, entries: [lost] });
  await until("no trouble", async () => {
    await tendTransactions(alone);
    return alone.relayer.trouble === undefined;
  });
  await relayAppend({ ...alone, append: later.append });
  await until("the next one landed", () => hasLanded(later));
});

test("what somebody else has brought to the chain meanwhile is not sent again", async () => {
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    intercept: ({ method, params: [raw] }) =>
      method === "eth_sendRawTransaction" ? { result: keccak256(raw as Hex) } : undefined,
  });
  const [chain, relayer, entry] = [await open(shim.rpcUrl), newRelayer(), firstEntry()];
  await relayAppend({ chain, relayer, append: entry.append });
  await relayAppend({ chain: local.chain, relayer: newRelayer(), append: entry.append });
  await until("it landed", () => hasLanded(entry));
  await until("nothing is in flight", async () => {
    await tendTransactions({ chain, relayer });
    return relayer.inFlight.size === 0;
  });
});

test("what waits for its block offers more when blocks ask more, up to the most that may be paid", async () => {
  const gwei = (count: number) => `0x${(count * 1e9).toString(16)}`;
  const relayer = newRelayer(100);
  const { chain } = local;
  await local.pause();
  const waiting = firstEntry();
  await relayAppend({ chain, relayer, append: waiting.append });
  await rpc("anvil_setNextBlockBaseFeePerGas", gwei(200));
  await local.mine(1);
  await until("it is named", async () => {
    await tendTransactions({ chain, relayer });
    return relayer.trouble?.code === "fee-too-high";
  });
  await assert.rejects(relayAppend({ chain, relayer, append: firstEntry().append }), (error) => {
    return isWeftError(error, "fee-too-high") && /0\.0000002 .*0\.0000001 is the most/.test(error.message);
  });
  // Nobody asks for anything else, and it lands all the same.
  await until("it landed", async () => {
    await rpc("anvil_setNextBlockBaseFeePerGas", gwei(60));
    await local.mine(1);
    await tendTransactions({ chain, relayer });
    return await hasLanded(waiting);
  });
  await rpc("anvil_setNextBlockBaseFeePerGas", "0x0");
  local.resume();
  await until("all is well", async () => {
    await tendTransactions({ chain, relayer });
    return relayer.trouble === undefined && relayer.inFlight.size === 0;
  });
});

test("two processes with one account, and counts that lag: all land in the end", async () => {
  let lags: unknown;
  await using shim = await startRpcShim({
    rpcUrl: local.rpcUrl,
    // As from a backend that counts nothing that is new.
    intercept: ({ method }) =>
      lags !== undefined && method === "eth_getTransactionCount" ? { result: lags } : undefined,
  });
  const { privateKey } = local.accounts[++account] ?? { privateKey: "0x" };
  const chain = await open(shim.rpcUrl);
  const relayers = [openRelayer({ privateKey }), openRelayer({ privateKey })];
  for (let round = 0; round < 3; round++) {
    const entries = relayers.map(() => firstEntry());
    await until("both landed", async () => {
      await Promise.all(
        relayers.map(async (relayer, i) => {
          const { append } = entries[i] ?? firstEntry();
          await relayAppend({ chain, relayer, append }).catch((error: unknown) => {
            assert(isWeftError(error, "chain-unreachable"), String(error));
          });
        }),
      );
      return (await Promise.all(entries.map(hasLanded))).every(Boolean);
    });
    const counted = await rpc("eth_getTransactionCount", relayers[0]?.address, "latest");
    lags = round === 0 ? counted : undefined;
  }
});

test("logs that an RPC leaves out near the head are missed: the block is read again, or by another RPC", async () => {
  let hides = true;
  let hidden = 0;
  const intercept: Intercept = ({ method, params: [filter] }) => {
    if (!hides || method !== "eth_getLogs" || !("blockHash" in (filter as object))) return undefined;
    hidden++;
    return { result: [] };
  };
  const head = await readHeader({ chain: local.chain, block: "latest" });
  assert(head);
  const held = { blocks: [blockRefOf(head)], records: [] };
  await using shim = await startRpcShim({ rpcUrl: local.rpcUrl, intercept });
  const entry = firstEntry();
  await relayAppend({ chain: local.chain, relayer: newRelayer(), append: entry.append });
  await until("it landed", () => hasLanded(entry));
  const isHere = ({ records }: { records: readonly ChainRecord[] }) =>
    records.some((one) => one.kind === "entry" && one.id === entry.id);

  const alone = startFollower({ chain: await open(shim.rpcUrl), held, finalityBlocks: 10_000 });
  await until("it was left out", () => alone.faults.some((fault) => /leaves out/.test(String(fault))));
  assert(!isHere(alone.held()));
  const beside = startFollower({
    chain: await open(shim.rpcUrl, local.rpcUrl),
    held,
    finalityBlocks: 10_000,
  });
  await beside.until(isHere);
  await beside.stop();
  assert(hidden > 0);
  hides = false;
  await alone.until(isHere);
  await alone.stop();
});

test("a question that the only provider never answers is put again, and a transaction is sent once", async () => {
  const lost = new Set<string>();
  const asked: string[] = [];
  const intercept: Intercept = ({ method }) => {
    asked.push(method);
    return lost.has(method) && asked.filter((one) => one === method).length === 1 ? "hang" : undefined;
  };
  await using shim = await startRpcShim({ rpcUrl: local.rpcUrl, intercept });
  const { client } = await open(shim.rpcUrl);
  lost.add("eth_blockNumber").add("eth_sendRawTransaction");
  const ended = new AbortController();
  const sent = client.request(
    { method: "eth_sendRawTransaction", params: ["0x00"] },
    { signal: ended.signal },
  );
  assert.match(await client.request({ method: "eth_blockNumber" }), /^0x/);
  ended.abort();
  await assert.rejects(sent);
  assert.deepEqual(asked.slice(-3).sort(), ["eth_blockNumber", "eth_blockNumber", "eth_sendRawTransaction"]);
});
