import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { type Envelope, envelopeHash } from "../../src/wire/envelope.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";
import { readUntil } from "./readUntil.ts";

let chain: TestChain;
let directories: Awaited<ReturnType<typeof temporaryDirectory>>[];
let nodes: TestNode[];

before(async () => {
  chain = await startTestChain();
  directories = await Promise.all([1, 2, 3].map(() => temporaryDirectory()));
  nodes = await Promise.all([1, 2, 3].map((account) => start(account)));
  await until("a full mesh", async () => {
    const all = await Promise.all(nodes.map(({ api }) => api.getNode({})));
    return all.every(({ peers }) => peers === 2);
  });
});

after(async () => {
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  await chain[Symbol.asyncDispose]();
  await Promise.all(directories.map((directory) => directory[Symbol.asyncDispose]()));
});

test("what one node acknowledges, the others deliver; a vector carries a reader from node to node", async () => {
  const [one, two, three] = nodes;
  assert(one !== undefined && two !== undefined && three !== undefined);
  const { group, post } = await startTestConversation({ network: chain.network, api: one.api });
  const topic = groupTopic(group);
  const envelopes = Array.from({ length: 30 }, (_, i) => post(`message ${i}`));
  const stop = new AbortController();
  const live = two.api.subscribe({ topics: [{ topic }] }, { signal: stop.signal });
  const seen = new Set<string>();
  const reading = readUntil(live, (event) => {
    if (event.kind === "page") for (const { envelope } of event.envelopes) seen.add(envelopeHash(envelope));
    return seen.size === envelopes.length && event.kind === "idle";
  });
  for (const [i, envelope] of envelopes.entries())
    await acknowledged(i % 2 === 0 ? one.api : three.api, [envelope]);
  const events = await reading;
  stop.abort();
  assert.deepEqual([...seen].sort(), envelopes.map(envelopeHash).sort());

  const idle = events.at(-1);
  assert(idle?.kind === "idle");
  const { vector } = idle.watermark;
  await until("all on the third node", async () => {
    const stored = await three.api.hasEnvelopes({ hashes: envelopes.map(envelopeHash) });
    return stored.every(Boolean);
  });
  const last = post("the last");
  await acknowledged(three.api, [last]);
  const page = await three.api.query({ topics: [{ topic, vector }] });
  assert.deepEqual(
    page.envelopes.map(({ envelope }) => envelope),
    [last],
  );
});

test("a node that was away fetches what it missed, and goes on in the same generation", async () => {
  const [one, two] = nodes;
  assert(one !== undefined && two !== undefined);
  const { group, post } = await startTestConversation({ network: chain.network, api: one.api });
  const topic = groupTopic(group);
  const early = post("before it stops");
  await until("the head on the second node", async () => {
    const [outcome] = await two.api.publish({ envelopes: [early] });
    return outcome?.kind === "acknowledged";
  });
  const before = (await two.api.getNode({})).logs.find(({ log }) => log.node === two.nodeId);
  await two[Symbol.asyncDispose]();
  const missed = Array.from({ length: 10 }, (_, i) => post(`missed ${i}`));
  await acknowledged(one.api, missed);
  const again = await start(2);
  nodes[1] = again;
  assert.equal(again.nodeId, two.nodeId);
  await until("what it missed", async () => {
    const stored = await again.api.hasEnvelopes({ hashes: [early, ...missed].map(envelopeHash) });
    return stored.every(Boolean);
  });
  await acknowledged(again.api, [post("after")]);
  const { logs } = await again.api.getNode({});
  const own = logs.filter(({ log }) => log.node === again.nodeId);
  assert.deepEqual(
    own.map(({ log, next }) => [log.generation, next]),
    [[1n, (before?.next ?? 0n) + 1n]],
  );
  const all = await again.api.query({ topics: [{ topic }] });
  assert.equal(all.envelopes.length, 12);
});

test("a node that no peer confirms opens the next generation of its log", async () => {
  await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  const alone = await start(1, { ownHeadTimeoutMs: "200" });
  nodes = [alone];
  const { post } = await startTestConversation({ network: chain.network, api: alone.api });
  const [outcome] = await alone.api.publish({ envelopes: [post("a new generation")] });
  assert(outcome?.kind === "acknowledged");
  const { generation, firstSequence } = outcome.receipt.header;
  assert(generation > 1n);
  assert.equal(firstSequence, 0n);
  const { nodes: records } = await alone.api.listNodes({});
  assert.equal(records.find(({ node }) => node === alone.nodeId)?.generation, generation);
});

test("while the chain stands still such a node answers not-ready, and its reads go on", async () => {
  const [alone] = nodes;
  assert(alone !== undefined);
  const { group, post } = await startTestConversation({ network: chain.network, api: alone.api });
  await acknowledged(alone.api, [post("kept")]);
  await alone[Symbol.asyncDispose]();
  await chain.pause();
  const waiting = await start(1, { ownHeadTimeoutMs: "200" }, true);
  nodes = [waiting];
  await until("the reason", async () =>
    /another generation/.test((await waiting.api.getNode({})).notReadyReason),
  );
  const call = waiting.api.publish({ envelopes: [post("too early")] });
  await assert.rejects(call, { code: "not-ready" });
  assert.equal((await fetch(`${waiting.url}/readyz`)).status, 503);
  const page = await waiting.api.query({ topics: [{ topic: groupTopic(group) }] });
  assert.equal(page.envelopes.length, 1);
  chain.resume();
  await waiting.whenReady(AbortSignal.timeout(20_000));
  await acknowledged(waiting.api, [post("now")]);
});

function start(account: number, chosen: Record<string, string> = {}, early = false): Promise<TestNode> {
  const dataDir = directories[account - 1]?.path;
  assert(dataDir !== undefined);
  return startTestNode({ chain, account, dataDir, chosen: { postingSample: "1", ...chosen }, early });
}

/** Publishes until a node that reads the chain a moment later knows the head. */
async function acknowledged(api: NodeApi, envelopes: readonly Envelope[]): Promise<void> {
  await until("acknowledgements", async () => {
    const outcomes = await api.publish({ envelopes });
    return outcomes.every(({ kind }) => kind === "acknowledged");
  });
}
