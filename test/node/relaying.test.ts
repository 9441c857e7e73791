import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { solvePuzzles } from "../../src/crypto/solvePuzzles.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import type { NodeReport } from "../../src/node/operating/nodeReport.ts";
import type { RelayAnswer } from "../../src/rpc/nodeApi.ts";
import { puzzlesOf } from "../../src/wire/relayTicket.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { relayed, startTestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testAuthority, testEntry, testGroup } from "../support/testGroup.ts";
import { until } from "../support/until.ts";

const LARGE = 84_000 - 33;
/** An hour's gas of the node; a newcomer's address gets a quarter of its part, which pays for few large entries. */
const GAS = { relayGasPerHour: "200000000", newcomerGasPerHour: "20000000" };
/** Registering and a first group take three seconds at most at 100,000 hashes a second. */
const MOST_HASHES = 300_000;
const FLOOR_GWEI = 10_000_000n;
const WEI_PER_GWEI = 1_000_000_000n;

let chain: TestChain;
let node: TestNode;

before(async () => {
  chain = await startTestChain({ blockMs: 50 });
  node = await startTestNode({ chain, account: 1, chosen: GAS });
});

after(async () => {
  await node?.[Symbol.asyncDispose]();
  await chain?.[Symbol.asyncDispose]();
});

const addressOf = (account: number) => chain.accounts.at(account)?.address ?? assert.fail();
const call = <T>(method: string, ...args: unknown[]) => callRpc<T>({ rpcUrl: chain.rpcUrl, method, args });
const sentBy = async (account: number) =>
  Number(await call("eth_getTransactionCount", addressOf(account), "pending"));
const codeOf = (outcome: RelayAnswer) => (outcome.kind === "refused" ? outcome.code : outcome.kind);
const report = async (of: TestNode) => (await (await fetch(`${of.metricsUrl}/status`)).json()) as NodeReport;

function firstEntry(size?: number) {
  const { group, genesis } = testGroup();
  return testEntry({
    network: chain.network,
    group,
    parent: group,
    signer: genesis,
    ...(size ? { size } : {}),
  });
}

test("a stranger who founds groups with huge entries gets a few, and those who are there go on", async () => {
  const { api } = node;
  const conversation = await startTestConversation({ network: chain.network, api });
  const operatorsBefore = await sentBy(1);
  const paidBefore = await sentBy(-1);
  const outcomes = await Promise.all(
    Array.from({ length: 12 }, () => api.relayAppend(firstEntry(LARGE).append)),
  );
  const codes = outcomes.map(codeOf);
  assert.deepEqual(new Set(codes), new Set(["submitted", "over-budget"]));
  const taken = codes.filter((code) => code === "submitted").length;
  assert.ok(taken <= 3, `${taken} were taken`);
  for (const outcome of outcomes) {
    if (outcome.kind === "refused") assert.ok((outcome.retryAfterMs ?? 0) > 0);
  }
  assert.equal(await sentBy(-1), paidBefore + taken, "by the relaying account");
  assert.equal(await sentBy(1), operatorsBefore, "and not by the operator's");
  const { group, first } = conversation;
  const next = testEntry({ network: chain.network, group, parent: first.id, signer: first.authority });
  await relayed({ api, entry: next });
});

test("below one entry its keys get a part of the budget, and nobody else uses it up", async () => {
  const { api } = node;
  const { group, first } = await startTestConversation({ network: chain.network, api });
  const below = (signer: { privateKey: Uint8Array }) => {
    const place = { network: chain.network, group, parent: first.id, limit: 1_000, size: LARGE };
    return testEntry({ ...place, signer: { ...first.authority, ...signer } });
  };
  for (let i = 0; i < 4; i++) {
    const stranger = testAuthority();
    assert.equal(codeOf(await api.relayAppend(below(stranger).append)), "bad-signature");
  }
  const byKey = [];
  for (let i = 0; i < 5; i++) byKey.push(codeOf(await api.relayAppend(below(first.authority).append)));
  assert.equal(byKey[0], "submitted");
  assert.deepEqual(byKey.slice(3), ["over-budget", "over-budget"]);
  const small = testEntry({
    network: chain.network,
    group,
    parent: first.id,
    limit: 1_000,
    signer: first.authority,
  });
  await relayed({ api, entry: small });
});

test("the account keeps its floor, says so, and goes on when it is funded; checkpoints never wait", async () => {
  const { api } = node;
  const conversation = await startTestConversation({ network: chain.network, api });
  const [account, floor] = [addressOf(-1), FLOOR_GWEI * WEI_PER_GWEI];
  const [before] = [await call<string>("eth_getBalance", account, "latest")];
  await call("anvil_setBalance", account, `0x${floor.toString(16)}`);
  const { group, first } = conversation;
  const next = testEntry({ network: chain.network, group, parent: first.id, signer: first.authority });
  await until("it refuses", async () => codeOf(await api.relayAppend(firstEntry().append)) === "unfunded");
  await until("it says so", async () => (await report(node)).warnings.some((text) => text.includes(account)));
  assert.equal((await report(node)).ready, true);
  const checkpoints = await sentBy(1);
  await api.publish({ envelopes: [conversation.post("to be anchored")] });
  await until("a checkpoint", async () => (await sentBy(1)) > checkpoints);
  assert.equal(codeOf(await api.relayAppend(next.append)), "unfunded");
  await call("anvil_setBalance", account, before);
  await until("it relays", async () => codeOf(await api.relayAppend(next.append)) === "submitted");
});

test("a node spends no more coin in an hour than it was told, keeps more where gas is dear, and tells both", async () => {
  // The first entries cost some two million gwei; an address alone gets a quarter of the hour's coin at once.
  const chosen = { relayGweiPerHour: "4000000" };
  await using thrifty = await startTestNode({ chain, account: 7, chosen });
  const before = (await report(thrifty)).relaying;
  assert.equal(before.coinLeft, "0.002");
  const outcomes: RelayAnswer[] = [];
  while (outcomes.at(-1)?.kind !== "refused")
    outcomes.push(await thrifty.api.relayAppend(firstEntry().append));
  const refused = outcomes.at(-1);
  assert.ok(refused?.kind === "refused" && refused.code === "over-budget", JSON.stringify(refused));
  const { relaying } = await report(thrifty);
  assert.ok(Number(relaying.coinLeft) < 0.002 && Number(relaying.coinLeft) >= 0.001);
  assert.ok(relaying.gasLeft > 1_000_000, "of gas there is enough");
  const metrics = await (await fetch(`${thrifty.metricsUrl}/metrics`)).text();
  assert.match(metrics, /weft_relay_coins_left 0\.001/);
  assert.match(metrics, /weft_relayed_coins_total 0\.000[1-9]/);
  assert.match(metrics, /weft_relay_floor_coins 0\.01\n/);
  await call("anvil_setNextBlockBaseFeePerGas", `0x${(50n * WEI_PER_GWEI).toString(16)}`);
  await until("a dear block", async () => {
    await thrifty.api.relayAppend(firstEntry().append);
    return Number((await report(thrifty)).relaying.floor) > 0.01;
  });
});

test("a node that is closed relays nothing, and one that starts again loses no nonce", async () => {
  await using directory = await temporaryDirectory();
  const start = { chain, account: 2, dataDir: directory.path };
  const entries = Array.from({ length: 6 }, () => firstEntry());
  await using first = await startTestNode(start);
  await chain.pause();
  for (const { append } of entries.slice(0, 3)) {
    assert.equal(codeOf(await first.api.relayAppend(append)), "submitted");
  }
  await first[Symbol.asyncDispose]();
  await using again = await startTestNode({ ...start, early: true });
  for (const { append } of entries.slice(3)) {
    assert.equal(codeOf(await again.api.relayAppend(append)), "submitted");
  }
  chain.resume();
  for (const { append, id } of entries) {
    await until("all landed", async () => (await again.api.getEntry({ group: append.group, id })).known);
  }
  await again[Symbol.asyncDispose]();
  await using closed = await startTestNode({ ...start, chosen: { relayPolicy: "closed" } });
  assert.equal(codeOf(await closed.api.relayAppend(firstEntry().append)), "relay-closed");
  assert.deepEqual((await report(closed)).warnings, []);
});

test("whoever is new works once for a group within the hour, at one node; those who are there do not", async () => {
  const chosen = { relayPolicy: "work", workFrom: "1" };
  await using asking = await startTestNode({ chain, account: 3, chosen });
  const { api, nodeId } = asking;
  const { append, authority, id } = firstEntry();
  const { group } = append;
  const demanded = await api.relayAppend(append);
  assert.equal(demanded.kind, "work-required");
  const { demand } = demanded.kind === "work-required" ? demanded : assert.fail();
  assert.ok(2 * demand.puzzles * 2 ** demand.bits < MOST_HASHES / 2, "with room for bad luck");
  const { signal } = new AbortController();
  const puzzles = puzzlesOf({ place: { node: nodeId, subject: group }, demand });
  const ticket = { hour: demand.hour, nonces: await solvePuzzles({ puzzles, signal }) };
  const other = firstEntry();
  assert.equal(
    (await api.relayAppend({ ...other.append, ticket })).kind,
    "work-required",
    "another's ticket",
  );
  const first = await api.relayAppend({ ...append, ticket });
  assert.equal(first.kind, "submitted");
  await until("the entry", async () => (await api.getEntry({ group, id })).known);
  assert.deepEqual(await api.relayAppend({ ...append, ticket }), { kind: "exists" });
  await relayed({ api, entry: testEntry({ network: chain.network, group, parent: id, signer: authority }) });
});

test("as long as few newcomers come they are taken without work; those after many are asked for it", async () => {
  const chosen = { relayPolicy: "work", relayGasPerHour: "200000000", newcomerGasPerHour: "20000000" };
  await using quiet = await startTestNode({ chain, account: 4, chosen });
  const kinds: string[] = [];
  while (kinds.length < 20 && !kinds.includes("work-required"))
    kinds.push((await quiet.api.relayAppend(firstEntry(20_000).append)).kind);
  assert.ok(kinds.length > 2, kinds.join());
  assert.deepEqual(kinds.slice(0, -1), Array(kinds.length - 1).fill("submitted"));
  assert.equal(kinds.at(-1), "work-required");
  assert.ok(
    ((await report(quiet)).relaying.newcomerGasLeft ?? 0) > 5_000_000,
    "well before the part is used up",
  );
});

test("a relaying account that was never used is given something once, by an operator that has ten times as much", async () => {
  await using directory = await temporaryDirectory();
  const own = { chain, account: 5, dataDir: directory.path, drawsRelayKey: true };
  const chosen = { relayStartGwei: "30000000" };
  const given = 30_000_000n * WEI_PER_GWEI;
  const balanceOf = async (account: string) =>
    BigInt(await call<string>("eth_getBalance", account, "latest"));
  let account = "";
  {
    await using first = await startTestNode({ ...own, chosen });
    ({ account } = (await report(first)).relaying);
    assert.equal(await balanceOf(account), given);
    assert.equal(codeOf(await first.api.relayAppend(firstEntry().append)), "submitted");
    await until("it has paid", async () => (await balanceOf(account)) < given);
  }
  const left = await balanceOf(account);
  {
    await using again = await startTestNode({ ...own, chosen });
    assert.equal((await report(again)).relaying.account, account);
    assert.equal(await balanceOf(account), left);
  }
  await call("anvil_setBalance", account, "0x0");
  {
    await using empty = await startTestNode({ ...own, chosen });
    assert.equal(codeOf(await empty.api.relayAppend(firstEntry().append)), "unfunded");
  }
  // It has its bond to pay first.
  await call("anvil_setBalance", addressOf(6), `0x${(10n ** 17n + given * 9n).toString(16)}`);
  await using poor = await startTestNode({ chain, account: 6, drawsRelayKey: true, chosen });
  assert.equal(await balanceOf((await report(poor)).relaying.account), 0n);
});
