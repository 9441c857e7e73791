import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { generateSecp256k1PrivateKey } from "../../src/crypto/secp256k1.ts";
import { callRpc } from "../../src/devnet/callRpc.ts";
import { nodeSettings } from "../../src/node/settings/nodeSettings.ts";
import { startNode } from "../../src/node/startNode.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import type { SubscriptionEvent } from "../../src/rpc/nodeApi.ts";
import { verifyDelivered } from "../../src/wire/deliveredWord.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import { fromHex, toHex } from "../../src/wire/ids.ts";
import { verifyReceipt } from "../../src/wire/receipt.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { relayed, startTestConversation, testPoster } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode, testNodeSettings } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testEntry, testGroup } from "../support/testGroup.ts";
import { until } from "../support/until.ts";
import { readUntil } from "./readUntil.ts";

let chain: TestChain;
let node: TestNode;

before(async () => {
  chain = await startTestChain({ blockMs: 60 });
  node = await startTestNode({ chain, account: 1 });
});

after(async () => {
  await node[Symbol.asyncDispose]();
  await chain[Symbol.asyncDispose]();
});

test("what is published is acknowledged with a receipt, stored, and read by query", async () => {
  const { api } = node;
  const { group, post } = await startTestConversation({ network: chain.network, api });
  const envelopes = ["a", "b", "c"].map(post);
  const outcomes = await api.publish({ envelopes });
  const { nodes } = await api.listNodes({});
  const signingKey = fromHex(nodes.find((record) => record.node === node.nodeId)?.signingKey ?? "0x");
  for (const [i, envelope] of envelopes.entries()) {
    const outcome = outcomes[i];
    assert(outcome?.kind === "acknowledged");
    assert(verifyReceipt({ receipt: outcome.receipt, hash: envelopeHash(envelope), signingKey }));
    assert.equal(outcome.receipt.header.node, node.nodeId);
  }
  const hashes = [...envelopes, post("never sent")].map(envelopeHash);
  assert.deepEqual(await api.hasEnvelopes({ hashes }), [true, true, true, false]);
  const { stored, signature } = await api.vouch({ hashes });
  assert.deepEqual(stored, [true, true, true, false]);
  const said = { network: chain.network, node: node.nodeId, signature, signingKey };
  assert.equal(verifyDelivered({ ...said, hashes: hashes.slice(0, 3) }), true, "its word for what it has");
  assert.equal(verifyDelivered({ ...said, hashes }), false, "and for nothing else");
  const [digests = []] = await api.getTopicDigests({ topics: [{ topic: groupTopic(group) }] });
  assert.deepEqual(
    digests.map(({ log, sum }) => [log.node, sum.count]),
    [[node.nodeId, 3]],
  );
  assert.deepEqual(await api.publish({ envelopes }), outcomes, "the same bytes have the same receipts");

  const topic = groupTopic(group);
  const page = await api.query({ topics: [{ topic }] });
  assert.deepEqual(
    page.envelopes.map(({ envelope }) => envelope),
    envelopes,
  );
  assert.deepEqual(
    page.envelopes.map(({ receipts }) => receipts),
    outcomes.map((o) => o.kind === "acknowledged" && [o.receipt]),
  );
  const { cursor, vector } = page.watermark;
  assert.equal(page.more, false);
  assert.deepEqual((await api.query({ topics: [{ topic, cursor }] })).envelopes, []);
  assert.deepEqual((await api.query({ topics: [{ topic, vector }] })).envelopes, []);
  const elsewhere = { database: toHex(new Uint8Array(16)), offset: 0n };
  assert.deepEqual((await api.query({ topics: [{ topic, cursor: elsewhere, vector }] })).envelopes, []);
  await assert.rejects(api.query({ topics: [{ topic, cursor: elsewhere }] }), { code: "bad-cursor" });
});

test("a subscription tells history, then what comes, for topics that come and go", async () => {
  const { api } = node;
  const [left, right] = await Promise.all(
    [0, 1].map(() => startTestConversation({ network: chain.network, api })),
  );
  assert(left !== undefined && right !== undefined);
  await api.publish({ envelopes: [left.post("before")] });
  const stop = new AbortController();
  const seen: SubscriptionEvent[] = [];
  const reading = (async () => {
    const topics = [{ topic: groupTopic(left.group) }];
    for await (const event of api.subscribe({ topics }, { signal: stop.signal })) seen.push(event);
  })();
  const texts = () =>
    seen
      .flatMap((event) => (event.kind === "page" ? event.envelopes : []))
      .map(({ envelope }) => envelope.payload);
  await until("the first idle", () => seen.some(({ kind }) => kind === "idle"));
  const [started] = seen;
  assert(started?.kind === "started");
  assert.equal(texts().length, 1);

  const { subscription } = started;
  const [live, other, late] = [left.post("live"), right.post("other"), left.post("late")];
  await api.publish({ envelopes: [live, other] });
  await until("the live message", () => texts().length === 2);
  const topics = {
    subscription,
    add: [{ topic: groupTopic(right.group) }],
    remove: [groupTopic(left.group)],
  };
  await api.updateSubscription(topics);
  await api.publish({ envelopes: [late, right.post("more")] });
  await until("the other topic", () => texts().length === 4);
  assert.deepEqual(texts().slice(1, 3), [live.payload, other.payload]);
  assert(texts().every((payload) => toHex(payload) !== toHex(late.payload)));
  const idle = seen.filter((event) => event.kind === "idle");
  await until("a heartbeat", () => seen.filter(({ kind }) => kind === "idle").length > idle.length);
  stop.abort();
  await assert.rejects(reading);
  await assert.rejects(api.updateSubscription(topics), { code: "closed" });
});

test("entries are followed as they land, from cursors on, with the head whenever all is told", async () => {
  const { api } = node;
  const { group, first } = await startTestConversation({ network: chain.network, api });
  const page = await api.fetchEntries({ group, recent: [] });
  assert.deepEqual([page.from, page.more, page.entries.map(({ id }) => id)], [undefined, false, [first.id]]);
  assert.deepEqual(page.entries[0]?.payload, first.append.payload);
  const stop = new AbortController();
  const events = api.followChain({ groups: [{ group, recent: [] }] }, { signal: stop.signal });
  const second = testEntry({ network: chain.network, group, parent: first.id, signer: first.authority });
  let sent = false;
  const seen = await readUntil(events, (event) => {
    if (event.kind === "head" && !sent) {
      sent = true;
      void relayed({ api, entry: second });
    }
    return event.kind === "entries" && event.entries.some(({ id }) => id === second.id);
  });
  stop.abort();
  assert.deepEqual(
    seen.slice(0, 2).map(({ kind }) => kind),
    ["started", "entries"],
  );
  const state = await api.getEntry({ group, id: first.id });
  assert.deepEqual([state.known, state.children, state.authority], [true, 1, first.authority.address]);
  assert.equal((await api.getEntry({ group, id: group })).children, 1);
  assert.equal((await api.getEntry({ group, id: testGroup().group })).known, false);
  const entry = page.entries[0];
  assert(entry !== undefined);
  const cursor = { block: entry.block.number, logIndex: entry.logIndex, blockHash: entry.block.hash };
  const rest = await api.fetchEntries({ group, recent: [cursor] });
  assert.deepEqual([rest.from, rest.entries.map(({ id }) => id)], [cursor, [second.id]]);
});

test("a lost race and a repetition are told apart when appends are relayed", async () => {
  const { api } = node;
  const { group, first } = await startTestConversation({ network: chain.network, api });
  const at = { network: chain.network, group, parent: first.id, signer: first.authority };
  const winner = testEntry(at);
  await relayed({ api, entry: winner });
  assert.deepEqual(await api.relayAppend(winner.append), { kind: "exists" });
  assert.deepEqual(await api.relayAppend(testEntry(at).append), { kind: "stale", children: 1 });
});

test("HTTP/1.1 and 2 reach the same node, and pages tell health, readiness and metrics", async () => {
  for (const http of ["1.1", "2"] as const) {
    await using api = connectNode({ url: node.url, http });
    const status = await api.getNode({});
    assert.deepEqual([status.node, status.ready, status.chainId], [node.nodeId, true, chain.network.chainId]);
  }
  const page = async (url: string | undefined, path: string) => await (await fetch(`${url}${path}`)).text();
  for (const url of [node.url, node.metricsUrl]) {
    for (const name of ["/healthz", "/health"])
      assert.deepEqual(JSON.parse(await page(url, name)), { status: "ok" });
    for (const name of ["/readyz", "/ready"])
      assert.deepEqual(JSON.parse(await page(url, name)), { ready: true });
  }
  assert.equal((await fetch(`${node.url}/metrics`)).status, 404, "metrics are the operator's");
  const metrics = await page(node.metricsUrl, "/metrics");
  assert.match(metrics, /weft_ready 1/);
  assert.match(metrics, /weft_published_total\{outcome="acknowledged"\} [1-9]/);
});

test("a reorg takes entries back, tells those who follow, and the same entry may land again", async () => {
  const { api } = node;
  const { group, first } = await startTestConversation({ network: chain.network, api });
  const second = testEntry({ network: chain.network, group, parent: first.id, signer: first.authority });
  await relayed({ api, entry: second });
  const post = testPoster({ network: chain.network, group, head: second.id, authority: second.authority });
  const stop = new AbortController();
  const following = Promise.withResolvers<void>();
  const events = api.followChain({ groups: [{ group, recent: [] }] }, { signal: stop.signal });
  const reading = readUntil(events, ({ kind }) => {
    following.resolve();
    return kind === "rollback";
  });
  await following.promise;
  const { block } = await api.getEntry({ group, id: second.id });
  const published = post("on the old branch");
  const [before] = await api.publish({ envelopes: [published] });
  assert.equal(before?.kind, "acknowledged");
  await replaceBlocksFrom(block);
  const rollback = (await reading).at(-1);
  stop.abort();
  assert(rollback?.kind === "rollback" && rollback.to.number < block);
  await until("the entry's end", async () => !(await api.getEntry({ group, id: second.id })).known);
  const [refused] = await api.publish({ envelopes: [post("on a dead branch")] });
  assert(refused?.kind === "refused" && refused.code === "unknown-head");

  // The node may have sent them again itself: they were the last that its account had sent.
  for (const { id, append } of [first, second]) {
    await until("the entry again", async () => {
      if ((await api.getEntry({ group, id })).known) return true;
      await api.relayAppend(append);
      return false;
    });
  }
  const [again, fresh] = await api.publish({ envelopes: [published, post("now it is known")] });
  assert.equal(fresh?.kind, "acknowledged");
  assert.deepEqual(again, before, "its receipt's anchor was orphaned, so the receipt is good");
});

test("a node whose registration a reorg takes registers again", async () => {
  await using young = await startTestNode({ chain, account: 5 });
  const registration = async () => {
    const { nodes } = await node.api.listNodes({});
    return nodes.find((record) => record.node === young.nodeId)?.registeredBlock;
  };
  await until("the registration", async () => (await registration()) !== undefined);
  const first = await registration();
  assert(first !== undefined);
  await replaceBlocksFrom(first);
  await until("another registration", async () => {
    const again = await registration();
    return again !== undefined && again !== first;
  });
});

test("a chain that stands still stops no message", async () => {
  const { api } = node;
  const { post } = await startTestConversation({ network: chain.network, api });
  await chain.pause();
  const [outcome] = await api.publish({ envelopes: [post("while it stands still")] });
  chain.resume();
  assert.equal(outcome?.kind, "acknowledged");
});

test("limits count per address and are told by code", async () => {
  await using small = await startTestNode({
    chain,
    account: 2,
    chosen: { callsPerSecond: "1", callBurst: "5" },
  });
  const calls = Array.from({ length: 8 }, () => small.api.getNode({}));
  const results = await Promise.allSettled(calls);
  const refused = results.filter((result) => result.status === "rejected");
  assert(refused.length > 0 && refused.length < 8);
  for (const { reason } of refused) assert.equal(reason.code, "limit-exceeded");
});

test("a node without funds says which account to fund, and keeps its keys for itself", async () => {
  await using directory = await temporaryDirectory();
  const operatorKey = toHex(generateSecp256k1PrivateKey());
  const start = { chain, account: 3, dataDir: join(directory.path, "poor"), chosen: { operatorKey } };
  await assert.rejects(startTestNode(start), (error: { code: string; hint: string }) => {
    assert.equal(error.code, "unfunded");
    assert.match(error.hint, /0x[0-9a-f]{40}/);
    return true;
  });
  const { mode } = await stat(join(start.dataDir, "node.json"));
  assert.equal(mode & 0o777, 0o600);
});

test("a database of another network and a chain of another id are refused", async () => {
  await using directory = await temporaryDirectory();
  const settings = await testNodeSettings({ chain, account: 4, dataDir: directory.path });
  const signal = AbortSignal.timeout(20_000);
  const logger = pino({ level: "silent" });
  await (await startNode({ settings, logger, signal }))[Symbol.asyncDispose]();
  const moved = { ...chain.network, deployedBlock: 2, commitLog: chain.network.nodeRegistry };
  const elsewhere = { ...chain, network: moved };
  const other = await testNodeSettings({ chain: elsewhere, account: 4, dataDir: directory.path });
  await assert.rejects(startNode({ settings: other, logger, signal }), { code: "wrong-network" });
  await using fresh = await temporaryDirectory();
  const misled = { ...chain, network: { ...chain.network, chainId: 1 } };
  const wrong = await testNodeSettings({ chain: misled, account: 4, dataDir: fresh.path });
  await assert.rejects(startNode({ settings: wrong, logger, signal }), { code: "wrong-chain" });
});

/** A reorg that takes this block and all after it, with their transactions. */
async function replaceBlocksFrom(block: number): Promise<void> {
  await chain.pause();
  try {
    const newest = Number(await callRpc<string>({ rpcUrl: chain.rpcUrl, method: "eth_blockNumber" }));
    assert.deepEqual(await chain.reorg({ depth: newest - block + 1 }), { kind: "done" });
  } finally {
    chain.resume();
  }
}

test("where the usual port of the metrics is another node's, a free one does; a port that was chosen has to be free", async () => {
  const usual = nodeSettings.metrics.fallback;
  await using first = await startTestNode({ chain, account: 8, chosen: { metrics: usual } });
  await using second = await startTestNode({ chain, account: 9, chosen: { metrics: usual } });
  assert.notEqual(first.metricsUrl, second.metricsUrl);
  for (const { metricsUrl } of [first, second])
    assert.equal((await fetch(`${metricsUrl}/readyz`)).status, 200);
  const taken = new URL(second.metricsUrl ?? "").host;
  await assert.rejects(startTestNode({ chain, account: 10, chosen: { metrics: taken } }), {
    code: "bad-config",
  });
});
